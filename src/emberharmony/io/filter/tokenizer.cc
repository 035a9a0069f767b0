#include <array>

#include "emberharmony/base/utf8.h"
#include "emberharmony/io/filter/filter_error_internal.h"
#include "emberharmony/io/filter/tokenizer_internal.h"

namespace emberharmony::io::filter {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsWordStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsWordPart(char c) { return IsWordStart(c) || IsDigit(c); }

uint32_t HexValue(char c) {
  if (IsDigit(c)) return static_cast<uint32_t>(c - '0');
  return static_cast<uint32_t>((c | 0x20) - 'a' + 10);
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    *out += static_cast<char>(code);
  } else if (code < 0x800) {
    *out += static_cast<char>(0xC0 | code >> 6);
    *out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out += static_cast<char>(0xE0 | code >> 12);
    *out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | code >> 18);
    *out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    *out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

bool IsWord(std::string_view word, std::string_view keyword) {
  if (word.size() != keyword.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    const char upper = static_cast<char>(word[i] >= 'a' && word[i] <= 'z' ? word[i] - 32 : word[i]);
    if (upper != keyword[i]) return false;
  }
  return true;
}

Position Tokenizer::Here() {
  for (; counted_ < next_; ++counted_) {
    const char c = text_[counted_];
    if (c == '\n') {
      ++position_.line;
      position_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++position_.column;
    }
  }
  return position_;
}

arrow::Status Tokenizer::ErrorHere(std::string_view message) {
  return FilterError(name_, Here(), "{}", message);
}

arrow::Status Tokenizer::SkipSpace() {
  while (next_ < text_.size()) {
    const char c = text_[next_];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      ++next_;
    } else if (c == '#' || (c == '-' && At(1, '-'))) {
      while (next_ < text_.size() && text_[next_] != '\n') ++next_;
    } else if (c == '/' && At(1, '*')) {
      const size_t end = text_.find("*/", next_ + 2);
      if (end == std::string_view::npos) {
        return ErrorHere("expected '*/' at the end of the comment, found the end of the text");
      }
      next_ = end + 2;
    } else {
      break;
    }
  }
  return arrow::Status::OK();
}

arrow::Result<Token> Tokenizer::Next() {
  const size_t before = next_;
  ARROW_RETURN_NOT_OK(SkipSpace());
  const bool glued = before == next_ && next_ > 0;
  const size_t begin = next_;
  Token token;
  token.position = Here();
  const Position position = token.position;
  if (next_ == text_.size()) return token;
  const char c = text_[next_];
  // A string may begin with r, b or both.
  size_t prefix = 0;
  bool raw = false;
  bool bytes = false;
  for (; prefix < 2 && next_ + prefix < text_.size(); ++prefix) {
    const char letter = static_cast<char>(text_[next_ + prefix] | 0x20);
    if (letter == 'r' && !raw) {
      raw = true;
    } else if (letter == 'b' && !bytes) {
      bytes = true;
    } else {
      break;
    }
  }
  if (At(prefix, '\'') || At(prefix, '"')) {
    next_ += prefix;
    ARROW_ASSIGN_OR_RAISE(token, Text(raw, bytes));
  } else if (IsWordStart(c)) {
    token.kind = TokenKind::kWord;
    while (next_ < text_.size() && IsWordPart(text_[next_])) ++next_;
    token.text = text_.substr(begin, next_ - begin);
  } else if (IsDigit(c) || (c == '.' && next_ + 1 < text_.size() && IsDigit(text_[next_ + 1]))) {
    ARROW_ASSIGN_OR_RAISE(token, Number());
  } else if (c == '`') {
    ARROW_ASSIGN_OR_RAISE(token, Quoted());
  } else {
    token.kind = TokenKind::kSymbol;
    constexpr std::array<std::string_view, 7> kTwo = {"!=", "<>", "<=", ">=", "||", "<<", ">>"};
    token.text = c;
    for (const std::string_view two : kTwo) {
      if (text_.substr(next_, 2) == two) token.text = two;
    }
    constexpr std::string_view kKnown = "=<>()!,.+-*/|&^~%@?[]{};:$";
    if (kKnown.find(c) == std::string_view::npos) {
      const size_t length = std::max<size_t>(1, base::Utf8SequenceLength(text_.substr(next_)));
      return ErrorHere(
          fmt::format("expected a column, a constant or an operator, found '{}'; names "
                      "with other characters go into backquotes",
                      text_.substr(next_, length)));
    }
    next_ += token.text.size();
  }
  token.source = text_.substr(begin, next_ - begin);
  token.position = position;
  token.glued = glued;
  return token;
}

arrow::Result<Token> Tokenizer::Number() {
  Token token;
  const size_t begin = next_;
  token.kind = TokenKind::kInteger;
  if (At(0, '0') && (At(1, 'x') || At(1, 'X'))) {
    next_ += 2;
    const size_t digits = next_;
    while (next_ < text_.size() && IsHexDigit(text_[next_])) ++next_;
    if (next_ == digits) return ErrorHere("expected hexadecimal digits after 0x");
  } else {
    const auto digits = [&] {
      while (next_ < text_.size() && IsDigit(text_[next_])) ++next_;
    };
    digits();
    if (At(0, '.')) {
      token.kind = TokenKind::kFloat;
      ++next_;
      digits();
    }
    if (At(0, 'e') || At(0, 'E')) {
      size_t end = next_ + 1;
      if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
      if (end < text_.size() && IsDigit(text_[end])) {
        token.kind = TokenKind::kFloat;
        next_ = end;
        digits();
      }
    }
  }
  if (next_ < text_.size() && IsWordPart(text_[next_])) {
    return ErrorHere(
        fmt::format("expected a space or an operator after the number, found '{}'", text_[next_]));
  }
  token.text = text_.substr(begin, next_ - begin);
  return token;
}

arrow::Result<Token> Tokenizer::Text(bool raw, bool bytes) {
  Token token;
  token.kind = bytes ? TokenKind::kBytes : TokenKind::kString;
  const char quote = text_[next_];
  const bool triple = At(1, quote) && At(2, quote);
  const Position start = Here();
  next_ += triple ? 3 : 1;
  const auto unclosed = [&](std::string_view what) {
    return FilterError(name_, start, "expected {} at the end of the string, found {}",
                       std::string(triple ? 3 : 1, quote), what);
  };
  while (true) {
    if (next_ == text_.size()) return unclosed("the end of the text");
    const char c = text_[next_];
    if (c == quote && (!triple || (At(1, quote) && At(2, quote)))) {
      next_ += triple ? 3 : 1;
      return token;
    }
    if (c == '\n' || c == '\r') {
      if (!triple) return unclosed("the end of the line");
      // Every kind of line end is one \n.
      next_ += c == '\r' && At(1, '\n') ? 2 : 1;
      token.text += '\n';
    } else if (c != '\\') {
      token.text += c;
      ++next_;
    } else if (raw) {
      if (next_ + 1 == text_.size()) return unclosed("the end of the text");
      token.text += text_.substr(next_, 2);
      next_ += 2;
    } else {
      ARROW_RETURN_NOT_OK(Escape(bytes, &token.text));
    }
  }
}

arrow::Status Tokenizer::Escape(bool bytes, std::string* out) {
  const char c = next_ + 1 < text_.size() ? text_[next_ + 1] : '\0';
  constexpr std::string_view kLetters = "abfnrtv\\?\"'`";
  constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\?\"'`";
  if (const size_t letter = kLetters.find(c); c != '\0' && letter != std::string_view::npos) {
    *out += kValues[letter];
    next_ += 2;
    return arrow::Status::OK();
  }
  size_t digits = 0;
  size_t begin = next_ + 2;
  uint32_t base = 16;
  if (c == 'x' || c == 'X') {
    digits = 2;
  } else if (c == 'u' && !bytes) {
    digits = 4;
  } else if (c == 'U' && !bytes) {
    digits = 8;
  } else if (c >= '0' && c <= '3') {
    digits = 3;
    begin = next_ + 1;
    base = 8;
  } else {
    return ErrorHere(
        fmt::format("expected an escape such as \\n, \\', \\\\, \\x41{}, found '{}'; write \\\\ "
                    "for a backslash, "
                    "or a raw string r'...'",
                    bytes ? "" : " or \\u00e9", ShownText(text_.substr(next_, c == '\0' ? 1 : 2))));
  }
  uint32_t code = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char digit = begin + i < text_.size() ? text_[begin + i] : '\0';
    if (!IsHexDigit(digit) || HexValue(digit) >= base) {
      return ErrorHere(fmt::format("expected {} {} digits in the escape '{}'", digits,
                                   base == 8 ? "octal" : "hexadecimal", text_.substr(next_, 2)));
    }
    code = code * base + HexValue(digit);
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    return ErrorHere(fmt::format("expected the number of a character, found {:x}", code));
  }
  if (bytes) {
    *out += static_cast<char>(code);
  } else {
    AppendUtf8(code, out);
  }
  next_ = begin + digits;
  return arrow::Status::OK();
}

arrow::Result<Token> Tokenizer::Quoted() {
  Token token;
  token.kind = TokenKind::kQuoted;
  const Position start = Here();
  ++next_;
  while (true) {
    const char c = next_ < text_.size() ? text_[next_] : '\n';
    if (c == '\n' || c == '\r') {
      return FilterError(name_, start,
                         "expected a backquote at the end of the name, found the end "
                         "of the line");
    }
    if (c == '`') {
      ++next_;
      if (token.text.empty()) {
        return FilterError(name_, start, "expected a name between the backquotes, found nothing");
      }
      return token;
    }
    if (c == '\\') {
      ARROW_RETURN_NOT_OK(Escape(/*bytes=*/false, &token.text));
    } else {
      token.text += c;
      ++next_;
    }
  }
}

}  // namespace emberharmony::io::filter
