/// The requests that the stand-in knows, each with its members in the schema's order.
enum AuthorizeNetSchema {
    typealias Shape = AuthorizeNetShape

    /// The shape of a request's content by the request's name.
    static let requests: [String: [Shape.Member]] = contents.mapValues { base + $0 }

    private static let contents: [String: [Shape.Member]] = [
        "authenticateTestRequest": [],
        "createTransactionRequest": [.required("transactionRequest", .group(transaction))],
        "createCustomerProfileRequest": [
            .required("profile", .group(customerProfile)), .optional("validationMode", validationMode),
        ],
        "createCustomerPaymentProfileRequest": [
            .required("customerProfileId", .digits), .required("paymentProfile", .group(newPaymentProfile)),
            .optional("validationMode", validationMode),
        ],
        "getCustomerPaymentProfileRequest": [
            .required("customerProfileId", .digits), .optional("customerPaymentProfileId", .digits),
            .optional("unmaskExpirationDate", .flag), .optional("includeIssuerInfo", .flag),
        ],
        "deleteCustomerPaymentProfileRequest": [
            .required("customerProfileId", .digits), .required("customerPaymentProfileId", .digits),
        ],
        "getTransactionDetailsRequest": [.required("transId", .digits)],
        "getUnsettledTransactionListRequest": [
            .optional("status", .choice(["any", "pendingApproval"])), .optional("sorting", sorting),
            .optional("paging", paging),
        ],
        "getTransactionListForCustomerRequest": [
            .required("customerProfileId", .digits), .optional("customerPaymentProfileId", .digits),
            .optional("sorting", sorting), .optional("paging", paging),
        ],
        "getTransactionListRequest": [
            .optional("batchId", .digits), .optional("sorting", sorting), .optional("paging", paging),
        ],
        "getSettledBatchListRequest": [
            .optional("includeStatistics", .flag), .optional("firstSettlementDate", .text()),
            .optional("lastSettlementDate", .text()),
        ],
    ]

    /// What stands first in each request.
    private static let base: [Shape.Member] = [
        .required("merchantAuthentication", .group(merchantAuthentication)),
        .optional("clientId", .text(atMost: 30)), .optional("refId", .text(atMost: 20)),
    ]

    private static let merchantAuthentication: [Shape.Member] = [
        .optional("name", .text(atMost: 25)), .optional("transactionKey", .text(atMost: 16)),
        .optional("sessionToken", .text()), .optional("password", .text(atMost: 40)),
        .optional("impersonationAuthentication", .anything), .optional("fingerPrint", .anything),
        .optional("clientKey", .text()), .optional("accessToken", .text()),
        .optional("mobileDeviceId", .text(atMost: 60)),
    ]

    private static let transaction: [Shape.Member] = [
        .required("transactionType", .text()), .optional("amount", .amount), .optional("currencyCode", .text()),
        .optional("payment", .group(payment)), .optional("profile", .group(chargedProfile)),
        .optional("solution", .anything), .optional("callId", .text()), .optional("terminalNumber", .text()),
        .optional("authCode", .text()), .optional("refTransId", .text()), .optional("splitTenderId", .text()),
        .optional("order", .group(order)), .optional("lineItems", .anything), .optional("tax", .anything),
        .optional("duty", .anything), .optional("shipping", .anything), .optional("taxExempt", .flag),
        .optional("poNumber", .text()), .optional("customer", .group(customer)), .optional("billTo", .anything),
        .optional("shipTo", .anything), .optional("customerIP", .text()),
        .optional("cardholderAuthentication", .anything), .optional("retail", .anything),
        .optional("employeeId", .text()), .optional("transactionSettings", .group(settings)),
        .optional("userFields", .anything), .optional("surcharge", .anything), .optional("merchantDescriptor", .text()),
        .optional("subMerchant", .anything), .optional("tip", .anything),
        .optional("processingOptions", .group(processingOptions)), .optional("subsequentAuthInformation", .anything),
        .optional("otherTax", .anything), .optional("shipFrom", .anything),
        .optional("authorizationIndicatorType", .anything),
    ]

    private static let payment: [Shape.Member] = [
        .optional("creditCard", .group(creditCard)), .optional("bankAccount", .anything),
        .optional("trackData", .anything), .optional("encryptedTrackData", .anything), .optional("payPal", .anything),
        .optional("opaqueData", .group(opaqueData)), .optional("emv", .anything), .optional("dataSource", .text()),
    ]

    private static let creditCard: [Shape.Member] = [
        .required("cardNumber", .text(atLeast: 4, atMost: 16)),
        .required("expirationDate", .text(atLeast: 4, atMost: 7)), .optional("cardCode", .anything),
        .optional("isPaymentToken", .flag), .optional("cryptogram", .text()),
        .optional("tokenRequestorName", .text()), .optional("tokenRequestorId", .text()),
        .optional("tokenRequestorEci", .text()),
    ]

    private static let opaqueData: [Shape.Member] = [
        .required("dataDescriptor", .text()), .required("dataValue", .text()), .optional("dataKey", .text()),
        .optional("expirationTimeStamp", .text()),
    ]

    private static let chargedProfile: [Shape.Member] = [
        .optional("createProfile", .flag), .optional("customerProfileId", .digits),
        .optional("paymentProfile", .group(chargedPaymentProfile)), .optional("shippingProfileId", .digits),
    ]

    private static let chargedPaymentProfile: [Shape.Member] = [
        .required("paymentProfileId", .digits), .optional("cardCode", .anything),
    ]

    private static let order: [Shape.Member] = [
        .optional("invoiceNumber", .text(atMost: 20)), .optional("description", .text(atMost: 255)),
        .optional("discountAmount", .amount), .optional("taxIsAfterDiscount", .flag),
        .optional("totalTaxTypeCode", .text(atMost: 3)), .optional("purchaserVATRegistrationNumber", .text(atMost: 21)),
        .optional("merchantVATRegistrationNumber", .text(atMost: 21)),
        .optional("vatInvoiceReferenceNumber", .text(atMost: 15)), .optional("purchaserCode", .text(atMost: 17)),
        .optional("summaryCommodityCode", .text(atMost: 4)), .optional("purchaseOrderDateUTC", .text()),
        .optional("supplierOrderReference", .text(atMost: 25)), .optional("authorizedContactName", .text(atMost: 36)),
        .optional("cardAcceptorRefNumber", .text(atMost: 25)), .optional("amexDataTAA1", .text(atMost: 40)),
        .optional("amexDataTAA2", .text(atMost: 40)), .optional("amexDataTAA3", .text(atMost: 40)),
        .optional("amexDataTAA4", .text(atMost: 40)),
    ]

    private static let customer: [Shape.Member] = [
        .optional("type", .choice(["individual", "business"])), .optional("id", .text(atMost: 20)),
        .optional("email", .text(atMost: 255)), .optional("driversLicense", .anything),
        .optional("taxId", .text(atLeast: 8, atMost: 9)),
    ]

    private static let settings: [Shape.Member] = [.optional("setting", .list(.group(setting)))]

    private static let setting: [Shape.Member] = [
        .optional("settingName", .text()), .optional("settingValue", .text()),
    ]

    private static let processingOptions: [Shape.Member] = [
        .optional("isFirstRecurringPayment", .flag), .optional("isFirstSubsequentAuth", .flag),
        .optional("isSubsequentAuth", .flag), .optional("isStoredCredentials", .flag),
    ]

    private static let customerProfile: [Shape.Member] = [
        .optional("merchantCustomerId", .text(atMost: 20)), .optional("description", .text(atMost: 255)),
        .optional("email", .text(atMost: 255)), .optional("paymentProfiles", .anything),
        .optional("shipToList", .anything), .optional("profileType", .choice(["regular", "guest"])),
    ]

    private static let newPaymentProfile: [Shape.Member] = [
        .optional("customerType", .choice(["individual", "business"])), .optional("billTo", .anything),
        .optional("payment", .group(payment)), .optional("driversLicense", .anything),
        .optional("taxId", .text(atLeast: 8, atMost: 9)), .optional("defaultPaymentProfile", .flag),
        .optional("subsequentAuthInformation", .anything), .optional("excludeFromAccountUpdater", .flag),
    ]

    private static let validationMode = Shape.choice(["none", "testMode", "liveMode", "oldLiveMode"])

    private static let sorting = Shape.group([
        .required("orderBy", .choice(["id", "submitTimeUTC"])), .required("orderDescending", .flag),
    ])

    private static let paging = Shape.group([
        .required("limit", .number(1...1_000)), .required("offset", .number(1...100_000)),
    ])
}
