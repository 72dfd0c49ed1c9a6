/* The members of one JSON object, as far as test cases need them: strings are unescaped in place, numbers are integers,
 * and other values stay text. For trusted test data, not for tokens. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

enum json_kind { JSON_ABSENT, JSON_STRING, JSON_INTEGER, JSON_OTHER };

struct json_member {
  const char *name;
  size_t name_len;
  enum json_kind kind;
  /* The string without its escapes, or the text of the value. */
  char *text;
  size_t len;
  int64_t integer;
};

enum { JSON_MAX_MEMBERS = 32 };

struct json_object {
  struct json_member members[JSON_MAX_MEMBERS];
  size_t count;
};

/* Returns 0, or -1 if the text is not an object of at most JSON_MAX_MEMBERS members. */
int json_parse(char *text, size_t len, struct json_object *object);

/* The member with this name; of kind JSON_ABSENT if there is none, or if it is null. */
struct json_member json_member(const struct json_object *object, const char *name);

#endif
