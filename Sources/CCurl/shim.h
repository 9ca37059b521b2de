// Swift can't call variadic functions: one inline wrapper for each kind of option value.
#include <curl/curl.h>

typedef size_t (*warp_curl_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode warp_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode warp_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode warp_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode warp_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode warp_curl_set_callback(CURL *handle, CURLoption option, warp_curl_callback value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode warp_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
