#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

#include "emberharmony/io/filter/expression.h"

namespace emberharmony::io::filter {

enum class TokenKind {
  kEnd,
  kWord,    ///< an identifier or a keyword
  kQuoted,  ///< an identifier in backquotes
  kInteger,
  kFloat,
  kString,
  kBytes,
  kSymbol,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  /// Words as written, quoted identifiers and strings decoded, numbers as written, symbols.
  std::string text;
  std::string_view source;  ///< as it stands in the text
  Position position;
  bool glued = false;  ///< no space before it
};

/// Whether `word` is `keyword` (given in upper case), whatever its case.
bool IsWord(std::string_view word, std::string_view keyword);

/// Cuts a filter's text into GoogleSQL's tokens ("Lexical structure and syntax"), one at a time.
class Tokenizer {
 public:
  /// Both outlive the object.
  Tokenizer(std::string_view text, std::string_view name) : text_(text), name_(name) {}

  arrow::Result<Token> Next();

 private:
  arrow::Status SkipSpace();
  arrow::Result<Token> Number();
  arrow::Result<Token> Text(bool raw, bool bytes);
  arrow::Status Escape(bool bytes, std::string* out);
  arrow::Result<Token> Quoted();
  Position Here();
  arrow::Status ErrorHere(std::string_view message);
  bool At(size_t offset, char c) const {
    return next_ + offset < text_.size() && text_[next_ + offset] == c;
  }

  std::string_view text_;
  std::string_view name_;
  size_t next_ = 0;
  // The position of counted_, so that positions cost one pass over the text.
  size_t counted_ = 0;
  Position position_;
};

}  // namespace emberharmony::io::filter
