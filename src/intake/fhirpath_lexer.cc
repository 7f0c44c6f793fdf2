// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_lexer.h"

#include <algorithm>
#include <array>

namespace clinnova::intake::fhirpath {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

void AppendUtf8(unsigned code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// The four hexadecimal digits of \uXXXX; nothing for other text.
std::optional<unsigned> HexCode(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  unsigned code = 0;
  for (const char c : text.substr(0, 4)) {
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    code = 16 * code + static_cast<unsigned>(digit < 16 ? digit : digit - 6);
  }
  return code;
}

}  // namespace

tl::unexpected<Error> Lexer::Wrong(const std::string& found, const std::string& expected) const {
  return Fail(ErrorCode::kInvalidInput, "found " + found + " at character " +
                                            std::to_string(at_ + 1) + ", expected " + expected);
}

Result<void> Lexer::SkipBlanks() {
  for (;;) {
    if (at_ < text_.size() &&
        std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    } else if (Peek() == '/' && Peek(1) == '/') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (Peek() == '/' && Peek(1) == '*') {
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == text_.npos) return Wrong("a comment without an end", "*/");
      at_ = end + 2;
    } else {
      return {};
    }
  }
}

std::string_view Lexer::Word() {
  const std::size_t start = at_;
  while (at_ < text_.size() && (IsLetter(text_[at_]) || IsDigit(text_[at_]))) ++at_;
  return text_.substr(start, at_ - start);
}

std::string_view Lexer::Digits() {
  const std::size_t start = at_;
  while (IsDigit(Peek())) ++at_;
  return text_.substr(start, at_ - start);
}

/// A backslash before anything else than an escape is left out: '\p' is p (section 4.1.2).
Result<void> Lexer::Escape(std::string& out) {
  const char c = Peek(1);
  constexpr std::string_view kPlain = "\"'`\\/";
  constexpr std::string_view kNamed = "rntf";
  constexpr std::string_view kMeant = "\r\n\t\f";
  if (kPlain.find(c) != kPlain.npos && c != '\0') {
    out += c;
  } else if (kNamed.find(c) != kNamed.npos && c != '\0') {
    out += kMeant[kNamed.find(c)];
  } else if (auto code = c == 'u' ? HexCode(text_.substr(at_ + 2)) : std::nullopt) {
    at_ += 4;
    if (*code >= 0xD800 && *code < 0xDC00 && Peek(2) == '\\' && Peek(3) == 'u') {
      const auto low = HexCode(text_.substr(at_ + 4));
      if (low && *low >= 0xDC00 && *low < 0xE000) {
        code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
        at_ += 6;
      }
    }
    if (*code >= 0xD800 && *code < 0xE000) return Wrong("half a character", "two \\uXXXX for it");
    AppendUtf8(*code, out);
  } else {
    ++at_;
    return {};
  }
  at_ += 2;
  return {};
}

Result<std::string> Lexer::Quoted(char quote) {
  const std::size_t start = at_;
  std::string out;
  for (++at_; at_ < text_.size() && text_[at_] != quote;) {
    if (text_[at_] == '\\') {
      CLINNOVA_TRY(Escape(out));
    } else {
      out += text_[at_++];
    }
  }
  if (at_ >= text_.size()) {
    at_ = start;
    return Wrong("a text without an end", std::string("a closing ") + quote);
  }
  ++at_;
  return out;
}

/// "@2015-02-04T14:34:28.123+10:00": as much of it as the form allows.
Result<Token> Lexer::Date(Token token) {
  ++at_;
  const std::size_t start = at_;
  auto kind = Temporal::Kind::kDate;
  if (Peek() == 'T') {
    kind = Temporal::Kind::kTime;
  } else {
    Digits();
    for (int i = 0; i < 2 && Peek() == '-' && IsDigit(Peek(1)); ++i) {
      ++at_;
      Digits();
    }
  }
  if (Peek() == 'T') {
    if (kind == Temporal::Kind::kDate) kind = Temporal::Kind::kDateTime;
    ++at_;
    const std::size_t time = at_;
    Digits();
    for (int i = 0; i < 2 && Peek() == ':' && IsDigit(Peek(1)); ++i) {
      ++at_;
      Digits();
    }
    if (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      Digits();
    }
    if (kind == Temporal::Kind::kDateTime && at_ > time) {
      if (Peek() == 'Z') {
        ++at_;
      } else if ((Peek() == '+' || Peek() == '-') && IsDigit(Peek(1)) && IsDigit(Peek(2)) &&
                 Peek(3) == ':') {
        at_ += 6;
        at_ = std::min(at_, text_.size());
      }
    }
  }
  std::string_view written = text_.substr(start, at_ - start);
  if (kind == Temporal::Kind::kTime) written.remove_prefix(1);
  const auto value = Temporal::Parse(written, kind);
  if (!value) {
    at_ = token.offset;
    return Wrong("\"@" + std::string(written) + "\"", "a date, dateTime or time");
  }
  token.kind = Token::Kind::kTemporal;
  token.temporal = *value;
  return token;
}

Token Lexer::Number(Token token) {
  token.kind = Token::Kind::kNumber;
  token.text = Digits();
  if (Peek() == '.' && IsDigit(Peek(1))) {
    ++at_;
    token.text += '.';
    token.text += Digits();
  } else if (Peek() == 'L' && !IsLetter(Peek(1)) && !IsDigit(Peek(1))) {
    ++at_;  // a long integer: ours all are
  }
  return token;
}

/// %name, %`name`, %'name', %"name" (FHIR R4's way) or $this.
Result<Token> Lexer::Special(Token token) {
  const bool variable = Peek() == '%';
  ++at_;
  token.kind = variable ? Token::Kind::kVariable : Token::Kind::kDollar;
  if (variable && (Peek() == '`' || Peek() == '\'' || Peek() == '"')) {
    CLINNOVA_ASSIGN(token.text, Quoted(Peek()));
  } else {
    token.text = Word();
  }
  if (variable && token.text.empty()) return Wrong("% without a name", "%name");
  const bool known = token.text == "this" || token.text == "index" || token.text == "total";
  if (variable || known) return token;
  at_ = token.offset;
  return Wrong("$" + token.text, "$this, $index or $total");
}

Result<Token> Lexer::Symbol(Token token) {
  constexpr std::array<std::string_view, 22> kSymbols = {"<=", ">=", "!=", "!~", ".", ",", "(", ")",
                                                         "[",  "]",  "{",  "}",  "+", "-", "*", "/",
                                                         "&",  "|",  "=",  "~",  "<", ">"};
  for (const std::string_view symbol : kSymbols) {
    if (!text_.substr(at_).starts_with(symbol)) continue;
    token.kind = Token::Kind::kSymbol;
    token.text = symbol;
    at_ += symbol.size();
    return token;
  }
  return Wrong("an unexpected character", "an expression");
}

Result<Token> Lexer::Next() {
  CLINNOVA_TRY(SkipBlanks());
  Token token;
  token.offset = at_;
  const char c = Peek();
  if (at_ >= text_.size()) return token;
  if (IsLetter(c)) {
    token.kind = Token::Kind::kIdentifier;
    token.text = Word();
    return token;
  }
  if (IsDigit(c)) return Number(std::move(token));
  if (c == '@') return Date(std::move(token));
  if (c == '%' || c == '$') return Special(std::move(token));
  if (c != '\'' && c != '`' && c != '"') return Symbol(std::move(token));
  token.kind = c == '\'' ? Token::Kind::kString : Token::Kind::kDelimited;
  CLINNOVA_ASSIGN(token.text, Quoted(c));
  return token;
}

}  // namespace clinnova::intake::fhirpath
