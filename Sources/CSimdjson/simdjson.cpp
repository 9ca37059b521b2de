// Finds records and their fields. simdjson's first stage marks where every token starts and checks UTF-8, quotes and
// control characters; the grammar over those marks is walked here, because the tape of its second stage no longer knows
// where in the source a value stood, and the evidence that is kept is the source.
#include "CSimdjson.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace {

// Deeper nesting ends the body, not only the record, since the walk is recursive.
constexpr uint32_t hardDepth = 256;
// PostgreSQL's numeric, in which jsonb keeps a number, ends not far above 10^131072.
constexpr size_t maxNumberBytes = 400;
constexpr int maxExponent = 400;

struct Storage {
    std::vector<warp_json_record> records;
    std::vector<warp_json_field> fields;

    // The last storage of a thread, cleared, or a new one: most bodies are small, and fresh memory costs more than reading one.
    static std::unique_ptr<Storage> take() {
        return kept ? std::move(kept) : std::make_unique<Storage>();
    }

    static void giveBack(std::unique_ptr<Storage> storage) {
        if (!storage || storage->fields.capacity() > keptFields || storage->records.capacity() > keptFields) return;
        storage->records.clear();
        storage->fields.clear();
        kept = std::move(storage);
    }

private:
    static constexpr size_t keptFields = 16 * 1024;
    static thread_local std::unique_ptr<Storage> kept;
};

thread_local std::unique_ptr<Storage> Storage::kept;

// A value, from its first byte to behind its last one.
struct Value {
    size_t start;
    size_t end;
    uint8_t kind;
    bool hasEscape;
};

bool isSpace(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }
bool isDigit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

int hexValue(uint8_t byte) {
    if (isDigit(byte)) return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

// Four hexadecimal digits, or -1.
int unit(const uint8_t *at, const uint8_t *end) {
    if (end - at < 4) return -1;
    int value = 0;
    for (int index = 0; index < 4; index++) {
        int digit = hexValue(at[index]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

// Escapes must stand for Unicode text that PostgreSQL can keep: no lone surrogate, no NUL.
uint32_t escapeFault(const uint8_t *at, const uint8_t *end) {
    while ((at = static_cast<const uint8_t *>(memchr(at, '\\', end - at)))) {
        if (++at == end) return WARP_JSON_BAD_ESCAPE;
        if (*at != 'u') {
            if (!memchr("\"\\/bfnrt", *at, 8)) return WARP_JSON_BAD_ESCAPE;
            at++;
            continue;
        }
        int first = unit(at + 1, end);
        at += 5;
        if (first < 0 || (first >= 0xDC00 && first <= 0xDFFF)) return WARP_JSON_BAD_ESCAPE;
        if (first == 0) return WARP_JSON_NUL;
        if (first >= 0xD800 && first <= 0xDBFF) {
            if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return WARP_JSON_BAD_ESCAPE;
            int second = unit(at + 2, end);
            if (second < 0xDC00 || second > 0xDFFF) return WARP_JSON_BAD_ESCAPE;
            at += 6;
        }
    }
    return WARP_JSON_OK;
}

uint32_t numberFault(const uint8_t *at, const uint8_t *end) {
    bool isLong = static_cast<size_t>(end - at) > maxNumberBytes;
    if (at < end && *at == '-') at++;
    if (at == end || !isDigit(*at)) return WARP_JSON_BAD_VALUE;
    if (*at == '0') at++;
    else while (at < end && isDigit(*at)) at++;
    if (at < end && *at == '.') {
        at++;
        if (at == end || !isDigit(*at)) return WARP_JSON_BAD_VALUE;
        while (at < end && isDigit(*at)) at++;
    }
    int exponent = 0;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        if (at == end || !isDigit(*at)) return WARP_JSON_BAD_VALUE;
        for (; at < end && isDigit(*at); at++) {
            if (exponent <= maxExponent) exponent = exponent * 10 + (*at - '0');
        }
    }
    if (at != end) return WARP_JSON_BAD_VALUE;
    return isLong || exponent > maxExponent ? WARP_JSON_NUMBER_RANGE : WARP_JSON_OK;
}

// The first byte that is not UTF-8.
size_t invalidUTF8Offset(const uint8_t *bytes, size_t length) {
    size_t at = 0;
    while (at < length) {
        uint8_t lead = bytes[at];
        size_t count = lead < 0x80 ? 1 : lead >= 0xC2 && lead <= 0xDF ? 2 : (lead & 0xF0) == 0xE0 ? 3
            : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
        if (count == 0 || at + count > length || !simdjson::validate_utf8(
                reinterpret_cast<const char *>(bytes + at), count)) return at;
        at += count;
    }
    return length;
}

// Where a string holds a control character or never ends.
size_t stringFaultOffset(const uint8_t *bytes, size_t length) {
    size_t open = 0;
    bool inString = false;
    for (size_t at = 0; at < length; at++) {
        if (!inString) {
            if (bytes[at] == '"') { inString = true; open = at; }
        } else if (bytes[at] == '\\') {
            at++;
        } else if (bytes[at] == '"') {
            inString = false;
        } else if (bytes[at] < 0x20) {
            return at;
        }
    }
    return inString ? open : length;
}

// One run of the first stage and the walk over its marks.
class Walker {
public:
    Walker(Storage &storage, const uint8_t *bytes, uint32_t maxDepth, uint32_t maxFields)
        : storage(storage), bytes(bytes), maxDepth(maxDepth), maxFields(maxFields) {}

    // A structural fault: the framing is lost from there on.
    uint32_t fault = WARP_JSON_OK;
    size_t faultOffset = 0;

    ~Walker() {
        if (stage && stage->capacity() <= keptCapacity) kept = std::move(stage);
    }

    // A thread's last buffers serve its next body: most are small, and making them costs more than reading one.
    bool reserve(size_t capacity) {
        if (kept && kept->capacity() >= capacity) {
            stage = std::move(kept);
            return true;
        }
        auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
            std::max(capacity, leastCapacity), 1, stage);
        return !error;
    }

    // Marks the tokens of bytes[start..<start + length].
    bool mark(size_t start, size_t length) {
        base = start;
        end = start + length;
        next = 0;
        nextEscape = findEscape(start);
        auto error = stage->stage1(bytes + start, length, simdjson::stage1_mode::regular);
        count = error ? 0 : stage->n_structural_indexes;
        switch (error) {
        case simdjson::SUCCESS: return true;
        case simdjson::EMPTY: return fail(WARP_JSON_EMPTY, start);
        case simdjson::UTF8_ERROR:
            return fail(WARP_JSON_INVALID_UTF8, start + invalidUTF8Offset(bytes + start, length));
        default: return fail(WARP_JSON_MALFORMED, start + stringFaultOffset(bytes + start, length));
        }
    }

    bool atEnd() const { return next >= count; }
    size_t position() const { return atEnd() ? end : base + stage->structural_indexes[next]; }
    uint8_t current() const { return atEnd() ? 0 : bytes[position()]; }
    void advance() { next++; }
    bool fail(uint32_t code, size_t offset) { fault = code; faultOffset = offset; return false; }

    // One element of an array, or the whole of an object or line.
    bool record() {
        warp_json_record made = {};
        made.offset = static_cast<uint32_t>(position());
        made.first_field = static_cast<uint32_t>(storage.fields.size());
        recordFault = WARP_JSON_OK;
        Value whole;
        if (current() == '{') {
            if (!object(1, true, whole)) return false;
        } else {
            if (!value(1, whole)) return false;
            recordFault = WARP_JSON_NOT_OBJECT;
            recordFaultOffset = made.offset;
        }
        made.length = static_cast<uint32_t>(whole.end - made.offset);
        made.field_count = static_cast<uint32_t>(storage.fields.size()) - made.first_field;
        made.fault = recordFault;
        made.fault_offset = static_cast<uint32_t>(recordFaultOffset);
        storage.records.push_back(made);
        return true;
    }

private:
    Storage &storage;
    const uint8_t *bytes;
    uint32_t maxDepth;
    uint32_t maxFields;
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    static constexpr size_t leastCapacity = 16 * 1024;
    static constexpr size_t keptCapacity = 1024 * 1024;
    static thread_local std::unique_ptr<simdjson::internal::dom_parser_implementation> kept;
    size_t base = 0;
    size_t end = 0;
    size_t next = 0;
    size_t count = 0;
    // The first backslash behind the strings walked so far, or the end.
    size_t nextEscape = 0;
    uint32_t recordFault = WARP_JSON_OK;
    size_t recordFaultOffset = 0;

    // The first thing wrong with the record's content; its framing holds.
    void note(uint32_t code, size_t offset) {
        if (recordFault == WARP_JSON_OK) { recordFault = code; recordFaultOffset = offset; }
    }

    size_t tokenEnd() const {
        size_t at = next + 1 < count ? base + stage->structural_indexes[next + 1] : end;
        size_t start = position();
        while (at > start + 1 && isSpace(bytes[at - 1])) at--;
        return at;
    }

    bool value(uint32_t depth, Value &found) {
        size_t start = position();
        switch (current()) {
        case '{': return object(depth, false, found);
        case '[': return array(depth, found);
        case '"': return string(found);
        case 0: case '}': case ']': case ':': case ',': return fail(WARP_JSON_MALFORMED, start);
        default: break;
        }
        found = {start, tokenEnd(), WARP_JSON_NUMBER, false};
        size_t length = found.end - start;
        const uint8_t *token = bytes + start;
        if (length == 4 && !memcmp(token, "null", 4)) {
            found.kind = WARP_JSON_NULL;
        } else if (length == 4 && !memcmp(token, "true", 4)) {
            found.kind = WARP_JSON_TRUE;
        } else if (length == 5 && !memcmp(token, "false", 5)) {
            found.kind = WARP_JSON_FALSE;
        } else if (uint32_t code = numberFault(token, bytes + found.end)) {
            note(code, start);
        }
        advance();
        return true;
    }

    // Strings are walked in their order, so each backslash is looked for but once: most records have few.
    bool hasEscape(size_t start, size_t stop) {
        if (nextEscape < start) nextEscape = findEscape(start);
        return nextEscape < stop;
    }

    size_t findEscape(size_t start) const {
        const void *found = memchr(bytes + start, '\\', end - start);
        return found ? static_cast<const uint8_t *>(found) - bytes : end;
    }

    // Most tokens are strings: in line, so that what was found stays in registers.
    [[gnu::always_inline]] bool string(Value &found) {
        size_t start = position(), stop = tokenEnd();
        if (stop < start + 2 || bytes[stop - 1] != '"') return fail(WARP_JSON_MALFORMED, start);
        found = {start, stop, WARP_JSON_STRING, hasEscape(start + 1, stop - 1)};
        if (found.hasEscape) {
            if (uint32_t code = escapeFault(bytes + start + 1, bytes + stop - 1)) note(code, start);
        }
        advance();
        return true;
    }

    bool enter(uint32_t depth) {
        if (depth > hardDepth) return fail(WARP_JSON_TOO_DEEP, position());
        if (depth > maxDepth) note(WARP_JSON_TOO_DEEP, position());
        advance();
        return true;
    }

    void leave(size_t start, uint8_t kind, Value &found) {
        found = {start, position() + 1, kind, false};
        advance();
    }

    bool array(uint32_t depth, Value &found) {
        size_t start = position();
        if (!enter(depth)) return false;
        if (current() != ']') {
            while (true) {
                if (!value(depth + 1, found)) return false;
                if (current() == ']') break;
                if (current() != ',') return fail(WARP_JSON_MALFORMED, position());
                advance();
            }
        }
        leave(start, WARP_JSON_ARRAY, found);
        return true;
    }

    bool object(uint32_t depth, bool isRecord, Value &found) {
        size_t start = position();
        if (!enter(depth)) return false;
        uint32_t fieldCount = 0;
        if (current() != '}') {
            while (true) {
                Value key, content;
                if (current() != '"') return fail(WARP_JSON_MALFORMED, position());
                if (!string(key)) return false;
                if (current() != ':') return fail(WARP_JSON_MALFORMED, position());
                advance();
                if (current() == '"') {
                    if (!string(content)) return false;
                } else if (!value(depth + 1, content)) {
                    return false;
                }
                if (isRecord && ++fieldCount <= maxFields) append(key, content);
                if (current() == '}') break;
                if (current() != ',') return fail(WARP_JSON_MALFORMED, position());
                advance();
            }
        }
        if (fieldCount > maxFields) note(WARP_JSON_TOO_MANY_FIELDS, start);
        leave(start, WARP_JSON_OBJECT, found);
        return true;
    }

    uint64_t word(size_t at) const {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        return word;
    }

    [[gnu::always_inline]] void append(const Value &key, const Value &content) {
        size_t at = key.start + 1, length = key.end - key.start - 2;
        uint64_t prefix = 0, suffix = 0;
        if (length >= 8) {
            prefix = word(at);
            if (length > 8) suffix = word(at + length - 8);
        } else if (at + 8 <= end) {
            prefix = word(at) & ((uint64_t{1} << (8 * length)) - 1);
        } else {
            memcpy(&prefix, bytes + at, length);
        }
        size_t quote = content.kind == WARP_JSON_STRING ? 1 : 0;
        storage.fields.push_back({prefix, suffix, static_cast<uint32_t>(at), static_cast<uint32_t>(length),
            static_cast<uint32_t>(content.start + quote), static_cast<uint32_t>(content.end - content.start - 2 * quote),
            content.kind, key.hasEscape, content.hasEscape});
    }
};

// The whole body as one array or one object.
bool indexDocument(Walker &walker, size_t start, size_t length) {
    if (!walker.mark(start, length)) return false;
    if (walker.current() != '[') {
        if (!walker.record()) return false;
        return walker.atEnd() || walker.fail(WARP_JSON_MALFORMED, walker.position());
    }
    walker.advance();
    if (walker.current() == ']') {
        walker.advance();
    } else {
        while (true) {
            if (!walker.record()) return false;
            uint8_t byte = walker.current();
            size_t at = walker.position();
            walker.advance();
            if (byte == ']') break;
            if (byte != ',') return walker.fail(WARP_JSON_MALFORMED, at);
        }
    }
    return walker.atEnd() || walker.fail(WARP_JSON_MALFORMED, walker.position());
}

struct Line {
    size_t start;
    size_t length;
};

// The next line that is not blank, without its surrounding white space; false at the end.
bool nextLine(const uint8_t *bytes, size_t length, size_t &at, Line &line) {
    while (at < length) {
        const void *found = memchr(bytes + at, '\n', length - at);
        size_t end = found ? static_cast<const uint8_t *>(found) - bytes : length;
        size_t start = at;
        at = end + 1;
        while (start < end && isSpace(bytes[start])) start++;
        while (end > start && isSpace(bytes[end - 1])) end--;
        if (end > start) {
            line = {start, end - start};
            return true;
        }
    }
    return false;
}

// Every line a record of its own: what is wrong with one says nothing about the next.
void indexLines(Walker &walker, Storage &storage, const uint8_t *bytes, size_t length) {
    size_t at = 0;
    Line line;
    while (nextLine(bytes, length, at, line)) {
        size_t recordCount = storage.records.size();
        size_t fieldCount = storage.fields.size();
        bool isWhole = walker.mark(line.start, line.length) && walker.record()
            && (walker.atEnd() || walker.fail(WARP_JSON_MALFORMED, walker.position()));
        if (isWhole) continue;
        storage.records.resize(recordCount);
        storage.fields.resize(fieldCount);
        storage.records.push_back({static_cast<uint32_t>(line.start), static_cast<uint32_t>(line.length),
            static_cast<uint32_t>(fieldCount), 0, walker.fault, static_cast<uint32_t>(walker.faultOffset)});
        walker.fault = WARP_JSON_OK;
    }
}

thread_local std::unique_ptr<simdjson::internal::dom_parser_implementation> Walker::kept;

// Several lines are records when the first is a whole value, or a later one begins like a record: an object printed
// over several lines does neither.
bool isLines(Walker &walker, Storage &storage, const uint8_t *bytes, size_t length) {
    size_t at = 0;
    Line first, second;
    if (!nextLine(bytes, length, at, first) || bytes[first.start] == '[') return false;
    if (!nextLine(bytes, length, at, second)) return false;
    bool isWhole = walker.mark(first.start, first.length) && walker.record() && walker.atEnd();
    storage.records.clear();
    storage.fields.clear();
    walker.fault = WARP_JSON_OK;
    if (isWhole) return true;
    do {
        bool beginsLine = second.start == 0 || bytes[second.start - 1] == '\n';
        if (beginsLine && bytes[second.start] == '{') return true;
    } while (nextLine(bytes, length, at, second));
    return false;
}

}  // namespace

extern "C" warp_json_index warp_json_index_make(
    const uint8_t *bytes, size_t length, uint32_t max_depth, uint32_t max_fields) {
    warp_json_index index = {};
    try {
        auto storage = Storage::take();
        Walker walker(*storage, bytes, max_depth, max_fields);
        if (!walker.reserve(length)) throw std::bad_alloc();
        if (isLines(walker, *storage, bytes, length)) {
            index.form = WARP_JSON_FORM_LINES;
            indexLines(walker, *storage, bytes, length);
        } else {
            size_t start = 0;
            while (start < length && isSpace(bytes[start])) start++;
            index.form = start < length && bytes[start] == '[' ? WARP_JSON_FORM_ARRAY : WARP_JSON_FORM_OBJECT;
            if (!indexDocument(walker, 0, length)) {
                storage->records.clear();
                index.fault = walker.fault;
                index.fault_offset = walker.faultOffset;
            }
        }
        index.records = storage->records.data();
        index.record_count = storage->records.size();
        index.fields = storage->fields.data();
        index.storage = storage.release();
    } catch (const std::bad_alloc &) {
        index.fault = WARP_JSON_NO_MEMORY;
    }
    return index;
}

extern "C" void warp_json_index_free(warp_json_index index) {
    Storage::giveBack(std::unique_ptr<Storage>(static_cast<Storage *>(index.storage)));
}
