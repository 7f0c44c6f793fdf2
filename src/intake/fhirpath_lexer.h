// SPDX-License-Identifier: Apache-2.0
// The tokens of FHIRPath: blanks and comments are gone, escapes are undone.
//
//   Lexer lexer("a.b // the rest");
//   lexer.Next();           // a Result: kIdentifier "a", then kSymbol ".", kIdentifier "b", kEnd
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "intake/temporal.h"

namespace clinnova::intake::fhirpath {

struct Token {
  enum class Kind {
    kEnd,
    kIdentifier,  ///< also true, and, is, …
    kDelimited,   ///< `identifier`: never a keyword
    kString,
    kNumber,    ///< digits with an optional fraction
    kTemporal,  ///< `temporal`
    kVariable,  ///< %name
    kDollar,    ///< $this, $index, $total
    kSymbol,    ///< an operator or bracket
  };
  Kind kind = Kind::kEnd;
  std::string text;
  Temporal temporal;
  std::size_t offset = 0;  ///< where it begins, from 0

  bool Is(Kind wanted, std::string_view text_wanted) const {
    return kind == wanted && text == text_wanted;
  }
  bool IsSymbol(std::string_view symbol) const { return Is(Kind::kSymbol, symbol); }
  bool IsWord(std::string_view word) const { return Is(Kind::kIdentifier, word); }
};

class Lexer {
 public:
  /// `text` is not owned and outlives the lexer.
  explicit Lexer(std::string_view text) : text_(text) {}

  /// kInvalidInput for what begins no token, an unfinished text or comment, or an impossible date.
  Result<Token> Next();

 private:
  Result<void> SkipBlanks();
  Result<std::string> Quoted(char quote);
  Result<void> Escape(std::string& out);
  Result<Token> Date(Token token);
  Token Number(Token token);
  Result<Token> Special(Token token);
  Result<Token> Symbol(Token token);
  std::string_view Word();
  std::string_view Digits();
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  tl::unexpected<Error> Wrong(const std::string& found, const std::string& expected) const;

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace clinnova::intake::fhirpath
