#ifndef C_SIMDJSON_H
#define C_SIMDJSON_H
#endif
