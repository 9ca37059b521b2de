// A flat index of the JSON records in a buffer: offsets into the caller's bytes, nothing is copied.
#ifndef C_SIMDJSON_H
#define C_SIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WARP_JSON_NULL = 1,
    WARP_JSON_FALSE,
    WARP_JSON_TRUE,
    WARP_JSON_NUMBER,
    WARP_JSON_STRING,
    WARP_JSON_OBJECT,
    WARP_JSON_ARRAY,
};

enum {
    WARP_JSON_OK = 0,
    WARP_JSON_EMPTY,
    WARP_JSON_MALFORMED,
    WARP_JSON_INVALID_UTF8,
    WARP_JSON_TOO_DEEP,
    WARP_JSON_NOT_OBJECT,
    WARP_JSON_BAD_VALUE,
    WARP_JSON_BAD_ESCAPE,
    WARP_JSON_NUL,
    WARP_JSON_NUMBER_RANGE,
    WARP_JSON_TOO_MANY_FIELDS,
    WARP_JSON_NO_MEMORY,
};

enum {
    WARP_JSON_FORM_OBJECT = 1,
    WARP_JSON_FORM_ARRAY,
    WARP_JSON_FORM_LINES,
};

// One member of a record. Offsets count from the start of the buffer; strings are meant without their quotes.
typedef struct {
    uint64_t key_prefix;  // the key's first 8 bytes as stored, filled up with zeros
    uint64_t key_suffix;  // the last 8 bytes of a longer key, 0 for others
    uint32_t key_offset;
    uint32_t key_length;
    uint32_t value_offset;
    uint32_t value_length;
    uint8_t type;
    uint8_t key_has_escape;
    uint8_t value_has_escape;
} warp_json_field;

// One record: its exact bytes, its fields, and what is wrong with it (WARP_JSON_OK: nothing).
typedef struct {
    uint32_t offset;
    uint32_t length;
    uint32_t first_field;
    uint32_t field_count;
    uint32_t fault;
    uint32_t fault_offset;
} warp_json_record;

typedef struct {
    const warp_json_record *records;
    size_t record_count;
    const warp_json_field *fields;
    uint32_t form;
    uint32_t fault;  // of the body as a whole: then there are no records
    size_t fault_offset;
    void *storage;
} warp_json_index;

// Indexes a body of at most 4 GiB: an object, an array of objects, or objects on lines.
warp_json_index warp_json_index_make(const uint8_t *bytes, size_t length, uint32_t max_depth, uint32_t max_fields);
void warp_json_index_free(warp_json_index index);

#ifdef __cplusplus
}
#endif

#endif
