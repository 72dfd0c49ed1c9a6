#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
  char *at, *end;
};

static void skip_space(struct cursor *cursor) {
  while (cursor->at < cursor->end && strchr(" \t\r\n", *cursor->at) && *cursor->at) cursor->at++;
}

static int eat(struct cursor *cursor, char byte) {
  skip_space(cursor);
  if (cursor->at == cursor->end || *cursor->at != byte) return 0;
  cursor->at++;
  return 1;
}

static int hex4(struct cursor *cursor, uint32_t *unit) {
  if (cursor->end - cursor->at < 4) return 0;
  char digits[5] = { cursor->at[0], cursor->at[1], cursor->at[2], cursor->at[3], 0 };
  if (strspn(digits, "0123456789abcdefABCDEF") != 4) return 0;
  *unit = (uint32_t)strtoul(digits, NULL, 16);
  cursor->at += 4;
  return 1;
}

static char *put_utf8(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
  } else if (code < 0x800) {
    *to++ = (char)(0xc0 | code >> 6);
    *to++ = (char)(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *to++ = (char)(0xe0 | code >> 12);
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  } else {
    *to++ = (char)(0xf0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 0x3f));
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  }
  return to;
}

/* Unescapes a string in place, behind its opening quotation mark: the text only becomes shorter. */
static int parse_string(struct cursor *cursor, char **text, size_t *len) {
  char *to = *text = cursor->at;
  while (cursor->at < cursor->end) {
    char byte = *cursor->at++;
    if (byte == '"') {
      *len = (size_t)(to - *text);
      return 1;
    }
    if (byte != '\\') {
      *to++ = byte;
      continue;
    }
    if (cursor->at == cursor->end) return 0;
    byte = *cursor->at++;
    static const char NAMES[] = "\"\\/bfnrt", PLAIN[] = "\"\\/\b\f\n\r\t";
    const char *name = byte ? strchr(NAMES, byte) : NULL;
    if (name) {
      *to++ = PLAIN[name - NAMES];
      continue;
    }
    uint32_t unit, low;
    if (byte != 'u' || !hex4(cursor, &unit)) return 0;
    if (unit >= 0xd800 && unit < 0xdc00) {
      if (cursor->end - cursor->at < 2 || cursor->at[0] != '\\' || cursor->at[1] != 'u') return 0;
      cursor->at += 2;
      if (!hex4(cursor, &low) || low < 0xdc00 || low >= 0xe000) return 0;
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    } else if (unit >= 0xdc00 && unit < 0xe000) {
      return 0;
    }
    to = put_utf8(to, unit);
  }
  return 0;
}

/* Skips an object or an array: only strings can contain brackets that do not count. */
static int skip_nested(struct cursor *cursor) {
  int depth = 0;
  while (cursor->at < cursor->end) {
    char byte = *cursor->at++;
    if (byte == '"') {
      while (cursor->at < cursor->end && *cursor->at != '"') cursor->at += *cursor->at == '\\' ? 2 : 1;
      if (cursor->at >= cursor->end) return 0;
      cursor->at++;
    } else if (byte == '{' || byte == '[') {
      depth++;
    } else if ((byte == '}' || byte == ']') && --depth == 0) {
      return 1;
    }
  }
  return 0;
}

static int parse_value(struct cursor *cursor, struct json_member *member) {
  skip_space(cursor);
  if (cursor->at == cursor->end) return 0;
  if (eat(cursor, '"')) {
    member->kind = JSON_STRING;
    return parse_string(cursor, &member->text, &member->len);
  }
  member->text = cursor->at;
  member->kind = JSON_OTHER;
  if (*cursor->at == '{' || *cursor->at == '[') {
    if (!skip_nested(cursor)) return 0;
  } else {
    while (cursor->at < cursor->end && !strchr(",}] \t\r\n", *cursor->at)) cursor->at++;
  }
  member->len = (size_t)(cursor->at - member->text);
  if (member->len == 4 && !memcmp(member->text, "null", 4)) member->kind = JSON_ABSENT;
  char digits[24] = { 0 };
  if (member->len && member->len < sizeof digits && strchr("-0123456789", *member->text)) {
    memcpy(digits, member->text, member->len);
    char *end;
    errno = 0;
    member->integer = strtoll(digits, &end, 10);
    if (!*end && !errno) member->kind = JSON_INTEGER;
  }
  return member->len > 0;
}

int json_parse(char *text, size_t len, struct json_object *object) {
  struct cursor cursor = { text, text + len };
  memset(object, 0, sizeof *object);
  if (!eat(&cursor, '{')) return -1;
  if (!eat(&cursor, '}')) {
    do {
      if (object->count == JSON_MAX_MEMBERS) return -1;
      struct json_member *member = &object->members[object->count++];
      char *name;
      if (!eat(&cursor, '"') || !parse_string(&cursor, &name, &member->name_len) || !eat(&cursor, ':')) return -1;
      member->name = name;
      if (!parse_value(&cursor, member)) return -1;
    } while (eat(&cursor, ','));
    if (!eat(&cursor, '}')) return -1;
  }
  skip_space(&cursor);
  return cursor.at == cursor.end ? 0 : -1;
}

struct json_member json_member(const struct json_object *object, const char *name) {
  for (size_t i = 0; i < object->count; i++) {
    const struct json_member *member = &object->members[i];
    if (member->name_len == strlen(name) && !memcmp(member->name, name, member->name_len)) return *member;
  }
  return (struct json_member){ .kind = JSON_ABSENT };
}
