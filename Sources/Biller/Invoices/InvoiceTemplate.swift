/// The page's template. It stands in the program, so that a copied binary needs nothing beside it.
enum InvoiceTemplate {
    static let text = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{title}} · {{customer}}</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <main>
        <header>
          <div class="issuer">
            <div class="name">{{issuer}}</div>
            {{#address}}<div>{{.}}</div>{{/address}}
            <div>{{contact}}</div>
          </div>
          <div class="head">
            <h1>Invoice{{#isPreview}} preview{{/isPreview}}</h1>
            <div class="number">{{number}}</div>
          </div>
        </header>
        <section class="facts">
          <div>
            <h2>Billed to</h2>
            <p><strong>{{customer}}</strong><br>Account {{ban}}<br>{{model}}{{#state}} · {{state}}{{/state}}</p>
          </div>
          <div>
            <h2>Period</h2>
            <p><strong>{{period}}</strong><br>Days of {{zone}}<br>{{records}} usage records</p>
          </div>
          <div>
            <h2>Dates</h2>
            <p>Issued <strong>{{invoiceDate}}</strong>{{#isOpen}}<br>Due <strong>{{dueDate}}</strong><br>{{terms}}{{/isOpen}}</p>
          </div>
          <div class="due{{#isSettled}} settled{{/isSettled}}">
            <h2>{{amountLabel}}</h2>
            <p class="amount">{{amountDue}}</p>
            <p>{{#isOpen}}by {{dueDate}}{{/isOpen}}{{#isSettled}}nothing to pay{{/isSettled}}</p>
          </div>
        </section>
        {{#chart}}
        <section class="days">
          <h2>Usage by day <span>(UTC days, before discounts and taxes)</span></h2>
          {{{.}}}
        </section>
        {{/chart}}
        <table>
          <thead>
            <tr><th>Description</th><th class="more">Item</th><th class="n more">Records</th><th class="n">Quantity</th>
            <th class="n">Amount</th></tr>
          </thead>
          {{#groups}}
          <tbody>
            <tr class="group"><th colspan="5">{{title}}{{#note}} <span>{{note}}</span>{{/note}}</th></tr>
            {{#lines}}
            <tr>
              <td>{{description}}{{#discount}}<div class="small">{{discount}}</div>{{/discount}}</td>
              <td class="sku more">{{sku}}</td><td class="n more">{{records}}</td>
              <td class="n">{{#quantity}}{{.}}{{/quantity}}</td><td class="n">{{amount}}</td>
            </tr>
            {{/lines}}
          </tbody>
          {{/groups}}
          <tbody class="sums">
            <tr class="sum"><td colspan="4">Subtotal</td><td class="n">{{subtotal}}</td></tr>
            {{#taxes}}
            <tr class="tax"><td colspan="4">{{name}}{{#exempt}} <span class="badge">exempt</span>{{/exempt}}</td>
            <td class="n">{{amount}}</td></tr>
            {{/taxes}}
            {{#showsTotal}}<tr class="sum"><td colspan="4">Total</td><td class="n">{{total}}</td></tr>{{/showsTotal}}
            {{#paidFromBalance}}<tr><td colspan="4">Usage paid from balance</td><td class="n">{{.}}</td></tr>{{/paidFromBalance}}
            {{#taxDebited}}<tr><td colspan="4">Tax paid from balance</td><td class="n">{{.}}</td></tr>{{/taxDebited}}
            <tr class="total"><td colspan="4">{{amountLabel}}</td><td class="n">{{amountDue}}</td></tr>
          </tbody>
        </table>
        <footer>
          {{#isOpen}}<p>{{payment}}</p>{{/isOpen}}
          {{#isSettled}}<p>There is nothing to pay. This invoice is for your records.</p>{{/isSettled}}
          <p>Questions: {{contact}}. Amounts are in US dollars. Usage is rounded once a line.</p>
        </footer>
        </main>
        </body>
        </html>

        """

    private static let style = """
        :root { --ink: #1d2733; --soft: #66727f; --line: #dfe4ea; --tint: #f4f7fa; --accent: #1f5f8b; --good: #2f7a4d; }
        * { box-sizing: border-box; }
        body { margin: 0; background: #e9edf1; color: var(--ink);
          font: 14px/1.45 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; }
        main { max-width: 820px; margin: 24px auto; background: #fff; padding: 44px 50px 36px;
          box-shadow: 0 1px 4px rgba(20, 35, 50, .14); }
        header { display: flex; justify-content: space-between; align-items: flex-start;
          border-bottom: 2px solid var(--accent); padding-bottom: 18px; }
        .issuer { color: var(--soft); }
        .issuer .name { color: var(--ink); font-size: 19px; font-weight: 700; letter-spacing: -.2px; margin-bottom: 4px; }
        .head { text-align: right; }
        h1 { margin: 0; font-size: 26px; font-weight: 300; color: var(--accent); letter-spacing: .3px; }
        .number { font-size: 16px; font-weight: 600; }
        h2 { margin: 0 0 5px; font-size: 11px; font-weight: 600; letter-spacing: .8px; text-transform: uppercase;
          color: var(--soft); }
        h2 span { text-transform: none; letter-spacing: 0; font-weight: 400; }
        .facts { display: grid; grid-template-columns: 1.2fr 1.4fr 1fr auto; gap: 24px; padding: 22px 0 24px; }
        .facts p { margin: 0; }
        .due { background: var(--tint); border-left: 3px solid var(--accent); padding: 10px 16px; margin-top: -6px;
          min-width: 138px; align-self: start; }
        .due .amount { font-size: 24px; font-weight: 700; line-height: 1.2; color: var(--accent); }
        .due.settled { border-color: var(--good); }
        .due.settled .amount { color: var(--good); }
        .days { padding: 4px 0 20px; }
        .chart { width: 100%; height: auto; display: block; margin-top: 8px; }
        .chart .bar { fill: var(--accent); }
        .chart .grid { stroke: var(--line); stroke-dasharray: 3 3; }
        .chart .base { stroke: #aab4bf; }
        .chart .axis { font-size: 11px; fill: var(--soft); }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: 6px 8px; vertical-align: baseline; }
        th:first-child, td:first-child { padding-left: 0; }
        th:last-child, td:last-child { padding-right: 0; }
        thead th { font-size: 11px; letter-spacing: .8px; text-transform: uppercase; color: var(--soft); font-weight: 600;
          border-bottom: 1px solid #aab4bf; }
        tbody tr { border-bottom: 1px solid var(--line); break-inside: avoid; }
        .group th { padding-top: 14px; font-size: 14px; }
        .group th span { font-weight: 400; color: var(--soft); }
        .n { text-align: right; white-space: nowrap; }
        .facts div + div strong { white-space: nowrap; }
        .sku, .small { color: var(--soft); font-size: 12px; }
        .sums td[colspan] { text-align: right; color: var(--soft); }
        .sums tr { border-bottom: 0; }
        .sums td { padding-top: 4px; padding-bottom: 4px; }
        .sums .sum td { color: var(--ink); font-weight: 600; padding-top: 8px; }
        .sums .total td { border-top: 2px solid var(--accent); color: var(--ink); font-size: 17px; font-weight: 700;
          padding-top: 9px; }
        .badge { border: 1px solid var(--good); color: var(--good); border-radius: 3px; font-size: 11px; padding: 0 5px; }
        footer { margin-top: 26px; padding-top: 12px; border-top: 1px solid var(--line); color: var(--soft); font-size: 12px; }
        footer p { margin: 0 0 4px; }
        @media (max-width: 700px) { main { margin: 0; padding: 22px 18px; } .facts { grid-template-columns: 1fr 1fr; }
          th.more, td.more { font-size: 0; padding: 0; } .facts div + div strong { white-space: normal; } }
        @media print { body { background: #fff; } main { box-shadow: none; margin: 0; max-width: none; padding: 0; }
          @page { margin: 16mm; } }
        """
}
