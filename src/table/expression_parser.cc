// SPDX-License-Identifier: Apache-2.0
#include "table/expression_parser.h"

#include <array>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "table/number_text.h"

namespace clinnova::table {
namespace {

// A chain a + b + c… makes a tree as deep as it is long; these bounds keep every walk over it, and its
// destruction, within a thread's stack.
constexpr std::size_t kMaximumSymbols = 10000;
constexpr int kMaximumNesting = 200;
constexpr int kMaximumDepth = 500;

struct Token {
  enum class Kind { kEnd, kNumber, kName, kText, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;  ///< kName and kText without their quotes
  double number = 0;
  std::size_t position = 0;
};

bool IsNameByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '.' || c == '_' || byte >= 0x80;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Cuts the text into tokens, one at a time.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<Token> Next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    Token token;
    token.position = at_ + 1;
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    const bool number =
        IsDigit(c) || (c == '.' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1]));
    if (number) return Number(std::move(token));
    if (c == '"' || c == '\'' || c == '`') return Quoted(std::move(token));
    if (IsNameByte(c) && c != '_') return Name(std::move(token));
    return Symbol(std::move(token));
  }

 private:
  Result<Token> Number(Token token) {
    const std::size_t start = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool sign = (c == '+' || c == '-') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      if (!IsNameByte(c) && !(sign && at_ > start)) break;
      ++at_;
    }
    std::string_view spelled = text_.substr(start, at_ - start);
    token.text = spelled;
    if (spelled.back() == 'L') spelled.remove_suffix(1);
    const std::optional<double> value = ParseNumber(spelled);
    if (!value) return FormulaError(text_, token.position, token.text, "a number");
    token.kind = Token::Kind::kNumber;
    token.number = *value;
    return token;
  }

  Result<Token> Quoted(Token token) {
    const char quote = text_[at_++];
    token.kind = quote == '`' ? Token::Kind::kName : Token::Kind::kText;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && quote != '`') {
        if (++at_ == text_.size()) break;
        if (text_[at_] != '\\' && text_[at_] != '"' && text_[at_] != '\'') {
          return FormulaError(text_, at_, text_.substr(at_ - 1, 2),
                              R"(\\, \" or \' after a backslash)");
        }
      }
      token.text += text_[at_];
    }
    if (at_ == text_.size()) {
      return FormulaError(text_, token.position, std::string(1, quote), "a closing quote");
    }
    ++at_;
    if (quote == '`' && token.text.empty()) {
      return FormulaError(text_, token.position, "``", "a column's name");
    }
    return token;
  }

  Result<Token> Name(Token token) {
    const std::size_t start = at_;
    while (at_ < text_.size() && IsNameByte(text_[at_])) ++at_;
    token.kind = Token::Kind::kName;
    token.text = text_.substr(start, at_ - start);
    return token;
  }

  Result<Token> Symbol(Token token) {
    token.kind = Token::Kind::kSymbol;
    for (std::string_view symbol :
         {"%in%", "**", "==", "!=", "<=", ">=", "||", "&&", "+", "-", "*", "/",
          "^",    ":",  "(",  ")",  ",",  "=",  "<",  ">",  "~", "|", "&", "!"}) {
      if (text_.substr(at_, symbol.size()) == symbol) {
        at_ += symbol.size();
        token.text = symbol == "**" ? "^" : symbol;
        return token;
      }
    }
    return FormulaError(text_, token.position, text_.substr(at_, 1), "a variable or an operator");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Binding strengths of binary operators, R's order; `^` and the unary signs bind tighter than all of these, `!` less than a
/// comparison.
constexpr int kWeakest = 1;
constexpr int kComparison = 3;

int Strength(const Token& token) {
  if (token.kind != Token::Kind::kSymbol) return 0;
  const std::string& s = token.text;
  if (s == "|" || s == "||") return kWeakest;
  if (s == "&" || s == "&&") return 2;
  if (s == "==" || s == "!=" || s == "<" || s == "<=" || s == ">" || s == ">=") return kComparison;
  if (s == "+" || s == "-") return 4;
  if (s == "*" || s == "/") return 5;
  if (s == "%in%") return 6;
  if (s == ":") return 7;
  return 0;
}

/// The first node deeper than kMaximumDepth, or null. Sums of terms do not count: whoever walks over
/// them walks along their left spine without recursion.
const Expression* FindTooDeep(const Expression& root, bool is_sum_of_terms) {
  struct Open {
    const Expression* node;
    int depth;
    bool in_sum;
  };
  std::vector<Open> open{{&root, 0, is_sum_of_terms}};
  while (!open.empty()) {
    const Open next = open.back();
    open.pop_back();
    if (next.depth > kMaximumDepth) return next.node;
    const Expression& node = *next.node;
    const bool sum = next.in_sum && (node.name == "+" || node.name == "-" || node.name == "(");
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      const bool along = sum && i == 0 && node.arguments.size() == 2;
      open.push_back({&node.arguments[i], next.depth + (along ? 0 : 1), sum});
    }
  }
  return nullptr;
}

class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text), lexer_(text) {}

  Result<FormulaSides> Sides() {
    CLINNOVA_TRY(Advance());
    FormulaSides sides;
    if (!Is("~")) {
      CLINNOVA_ASSIGN(sides.left, Binary(kWeakest));
    }
    if (!Is("~")) return Unexpected("\"~\"");
    CLINNOVA_TRY(Advance());
    CLINNOVA_ASSIGN(sides.right, Binary(kWeakest));
    if (token_.kind != Token::Kind::kEnd) return Unexpected("an operator or the end");
    const Expression* deep = FindTooDeep(sides.right, true);
    if (deep == nullptr && sides.left) deep = FindTooDeep(*sides.left, false);
    if (deep == nullptr) return sides;
    return FormulaError(text_, deep->position, deep->name, "fewer operations within one another");
  }

 private:
  bool Is(std::string_view symbol) const {
    return token_.kind == Token::Kind::kSymbol && token_.text == symbol;
  }

  Result<void> Advance() {
    CLINNOVA_ASSIGN(token_, lexer_.Next());
    if (++symbols_ > kMaximumSymbols) {
      return Fail(ErrorCode::kInvalidInput, "formula: found more than " +
                                                std::to_string(kMaximumSymbols) +
                                                " symbols, expected a shorter formula");
    }
    return {};
  }

  tl::unexpected<Error> Unexpected(std::string_view expected) const {
    const bool end = token_.kind == Token::Kind::kEnd;
    return FormulaError(text_, token_.position, end ? "" : token_.text, expected);
  }

  static Expression Call(std::string name, std::size_t position, Expression first) {
    Expression call{.kind = Expression::Kind::kCall, .name = std::move(name), .position = position};
    call.arguments.push_back(std::move(first));
    return call;
  }

  Result<Expression> Binary(int weakest) {
    if (++nesting_ > kMaximumNesting) {
      return Fail(ErrorCode::kInvalidInput, "formula: found more than " +
                                                std::to_string(kMaximumNesting) +
                                                " nested parentheses or signs, expected fewer");
    }
    CLINNOVA_ASSIGN(Expression left, Unary());
    for (int strength = Strength(token_); strength >= weakest && strength > 0;
         strength = Strength(token_)) {
      std::string name = token_.text;
      CLINNOVA_TRY(Advance());
      CLINNOVA_ASSIGN(Expression right, Binary(strength + 1));
      const std::size_t position = left.position;
      left = Call(std::move(name), position, std::move(left));
      left.arguments.push_back(std::move(right));
    }
    --nesting_;
    return left;
  }

  Result<Expression> Unary() {
    const bool negation = Is("!");
    if (!negation && !Is("-") && !Is("+")) return Power();
    if (++nesting_ > kMaximumNesting) return Unexpected("fewer signs");
    const Token sign = token_;
    CLINNOVA_TRY(Advance());
    CLINNOVA_ASSIGN(Expression operand, negation ? Binary(kComparison) : Unary());
    --nesting_;
    return Call(sign.text, sign.position, std::move(operand));
  }

  Result<Expression> Power() {
    CLINNOVA_ASSIGN(Expression base, Primary());
    if (!Is("^")) return base;
    if (++nesting_ > kMaximumNesting) return Unexpected("fewer powers");
    CLINNOVA_TRY(Advance());
    CLINNOVA_ASSIGN(Expression exponent, Unary());
    --nesting_;
    const std::size_t position = base.position;
    Expression power = Call("^", position, std::move(base));
    power.arguments.push_back(std::move(exponent));
    return power;
  }

  Result<Expression> Primary() {
    const Token token = token_;
    Expression leaf{.number = token.number, .name = token.text, .position = token.position};
    switch (token.kind) {
      case Token::Kind::kNumber: leaf.name.clear(); break;
      case Token::Kind::kText: leaf.kind = Expression::Kind::kText; break;
      case Token::Kind::kName: return Name(std::move(leaf));
      default:
        if (!Is("(")) return Unexpected("a variable");
        return Parenthesis();
    }
    CLINNOVA_TRY(Advance());
    return leaf;
  }

  Result<Expression> Parenthesis() {
    const std::size_t position = token_.position;
    CLINNOVA_TRY(Advance());
    CLINNOVA_ASSIGN(Expression inner, Binary(kWeakest));
    if (!Is(")")) return Unexpected("\")\"");
    CLINNOVA_TRY(Advance());
    return Call("(", position, std::move(inner));
  }

  Result<Expression> Name(Expression leaf) {
    leaf.kind = Expression::Kind::kName;
    CLINNOVA_TRY(Advance());
    if (leaf.name == "TRUE" || leaf.name == "FALSE") {
      leaf.kind = Expression::Kind::kNumber;
      leaf.number = leaf.name == "TRUE" ? 1 : 0;
    } else if (Is("(")) {
      leaf.kind = Expression::Kind::kCall;
      CLINNOVA_TRY(Arguments(leaf));
    }
    return leaf;
  }

  Result<void> Arguments(Expression& call) {
    CLINNOVA_TRY(Advance());
    if (Is(")")) return Advance();
    while (true) {
      CLINNOVA_ASSIGN(Expression argument, Binary(kWeakest));
      if (Is("=") && argument.kind == Expression::Kind::kName) {
        CLINNOVA_TRY(Advance());
        CLINNOVA_ASSIGN(Expression value, Binary(kWeakest));
        const std::size_t position = argument.position;
        argument = Call("=", position, std::move(argument));
        argument.arguments.push_back(std::move(value));
      }
      call.arguments.push_back(std::move(argument));
      if (Is(")")) return Advance();
      if (!Is(",")) return Unexpected("\",\" or \")\"");
      CLINNOVA_TRY(Advance());
    }
  }

  std::string_view text_;
  Lexer lexer_;
  Token token_;
  std::size_t symbols_ = 0;
  int nesting_ = 0;
};

/// What of a formula is repeated in a message: not too long.
std::string Quote(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  return "\"" + std::string(text.substr(0, kLongest)) + (text.size() > kLongest ? "…\"" : "\"");
}

}  // namespace

tl::unexpected<Error> FormulaError(std::string_view text, std::size_t position,
                                   std::string_view found, std::string_view expected) {
  std::string message = "formula: found " + (found.empty() ? "the end" : Quote(found)) +
                        " at character " + std::to_string(position) + " of " + Quote(text) +
                        ", expected " + std::string(expected);
  return Fail(ErrorCode::kInvalidInput, std::move(message));
}

Result<FormulaSides> ParseSides(std::string_view text) { return ExpressionParser(text).Sides(); }

}  // namespace clinnova::table
