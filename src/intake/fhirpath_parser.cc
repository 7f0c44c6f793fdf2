// SPDX-License-Identifier: Apache-2.0
// A parser by precedence (Pratt, "Top down operator precedence", 1973).
#include <charconv>
#include <map>

#include "intake/fhirpath_functions.h"
#include "intake/fhirpath_lexer.h"
#include "intake/fhirpath_syntax.h"

namespace clinnova::intake::fhirpath {
namespace {

using Kind = Expression::Kind;
using Tree = std::unique_ptr<Expression>;

constexpr int kDeepest = 100;  ///< expressions within each other
constexpr int kLongest = 400;  ///< operators and steps one after the other
constexpr int kUnary = 11;     ///< how tightly + and - before a value bind
constexpr std::size_t kLongestNumber = 40;

/// How tightly an operator binds; 0 for what is none.
int Binding(const Token& token) {
  static const std::map<std::string_view, int> kSymbols = {
      {"*", 10}, {"/", 10}, {"+", 9},  {"-", 9}, {"&", 9}, {"|", 7},  {"<=", 6},
      {"<", 6},  {">", 6},  {">=", 6}, {"=", 5}, {"~", 5}, {"!=", 5}, {"!~", 5}};
  static const std::map<std::string_view, int> kWords = {
      {"div", 10},     {"mod", 10}, {"is", 8}, {"as", 8},  {"in", 4},
      {"contains", 4}, {"and", 3},  {"or", 2}, {"xor", 2}, {"implies", 1}};
  const auto& table = token.kind == Token::Kind::kSymbol ? kSymbols : kWords;
  if (token.kind != Token::Kind::kSymbol && token.kind != Token::Kind::kIdentifier) return 0;
  const auto found = table.find(token.text);
  return found == table.end() ? 0 : found->second;
}

Expression::Operator OperatorOf(const std::string& text) {
  using Operator = Expression::Operator;
  static const std::map<std::string_view, Operator> kOperators = {
      {"and", Operator::kAnd},       {"or", Operator::kOr},
      {"xor", Operator::kXor},       {"implies", Operator::kImplies},
      {"=", Operator::kEqual},       {"!=", Operator::kUnequal},
      {"~", Operator::kEquivalent},  {"!~", Operator::kInequivalent},
      {"<", Operator::kLess},        {">", Operator::kGreater},
      {"<=", Operator::kAtMost},     {">=", Operator::kAtLeast},
      {"in", Operator::kIn},         {"contains", Operator::kContains},
      {"&", Operator::kConcatenate}, {"|", Operator::kUnion}};
  const auto found = kOperators.find(text);
  return found == kOperators.end() ? Operator::kArithmetic : found->second;
}

class Parser {
 public:
  Parser(std::string_view text, Arena& memory) : lexer_(text), memory_(memory) {}

  Result<Tree> Whole() {
    CLINNOVA_TRY(Advance());
    CLINNOVA_ASSIGN(Tree tree, Operators(1));
    if (token_.kind != Token::Kind::kEnd) return Wrong("an operator or the end");
    return tree;
  }

 private:
  Result<void> Advance() {
    CLINNOVA_ASSIGN(token_, lexer_.Next());
    return {};
  }

  tl::unexpected<Error> Wrong(const std::string& expected) const {
    const std::string found =
        token_.kind == Token::Kind::kEnd ? "the end" : "\"" + token_.text + "\"";
    return Fail(ErrorCode::kInvalidInput, "found " + found + " at character " +
                                              std::to_string(token_.offset + 1) + ", expected " +
                                              expected);
  }

  Result<void> Expect(std::string_view symbol) {
    if (!token_.IsSymbol(symbol)) return Wrong("\"" + std::string(symbol) + "\"");
    return Advance();
  }

  Tree Make(Kind kind, std::string text = {}) const {
    auto node = std::make_unique<Expression>();
    node->kind = kind;
    node->offset = token_.offset;
    node->text = std::move(text);
    return node;
  }

  /// An expression of operators that bind at least as tightly as `least`.
  Result<Tree> Operators(int least) {
    if (++depth_ > kDeepest) return Wrong("less nesting");
    CLINNOVA_ASSIGN(Tree left, Prefixed());
    for (int binding = Binding(token_); binding >= least; binding = Binding(token_)) {
      const bool type = token_.IsWord("is") || token_.IsWord("as");
      Tree node = Make(type ? Kind::kType : Kind::kBinary, token_.text);
      CLINNOVA_TRY(Advance());
      node->binary = OperatorOf(node->text);
      node->arguments.push_back(std::move(left));
      if (type) {
        CLINNOVA_ASSIGN(node->type, TypeName());
      } else {
        CLINNOVA_ASSIGN(Tree right, Operators(binding + 1));
        node->arguments.push_back(std::move(right));
      }
      left = std::move(node);
      if (++length_ > kLongest) return Wrong("fewer operators");
    }
    --depth_;
    return left;
  }

  Result<std::string> TypeName() {
    std::string name;
    for (;;) {
      if (token_.kind != Token::Kind::kIdentifier && token_.kind != Token::Kind::kDelimited) {
        return Wrong("the name of a type");
      }
      name += token_.text;
      CLINNOVA_TRY(Advance());
      if (!token_.IsSymbol(".") || name.find('.') != name.npos) return name;
      if (name != "System" && name != "FHIR") return name;
      CLINNOVA_TRY(Advance());
      name += '.';
    }
  }

  Result<Tree> Prefixed() {
    if (token_.IsSymbol("+") || token_.IsSymbol("-")) {
      Tree node = Make(Kind::kPolarity, token_.text);
      CLINNOVA_TRY(Advance());
      CLINNOVA_ASSIGN(Tree operand, Operators(kUnary));
      node->arguments.push_back(std::move(operand));
      return node;
    }
    CLINNOVA_ASSIGN(Tree node, Term());
    return Postfixed(std::move(node));
  }

  Result<Tree> Postfixed(Tree node) {
    for (;;) {
      if (token_.IsSymbol(".")) {
        CLINNOVA_TRY(Advance());
        if (token_.kind == Token::Kind::kDollar) {
          node = Make(token_.text == "this"    ? Kind::kThis
                      : token_.text == "index" ? Kind::kIndex
                                               : Kind::kTotal);
          CLINNOVA_TRY(Advance());
          continue;
        }
        CLINNOVA_ASSIGN(node, Invocation(std::move(node)));
      } else if (token_.IsSymbol("[")) {
        Tree indexer = Make(Kind::kIndexer);
        CLINNOVA_TRY(Advance());
        indexer->arguments.push_back(std::move(node));
        CLINNOVA_ASSIGN(Tree index, Operators(1));
        indexer->arguments.push_back(std::move(index));
        CLINNOVA_TRY(Expect("]"));
        node = std::move(indexer);
      } else {
        return node;
      }
      if (++length_ > kLongest) return Wrong("a shorter path");
    }
  }

  /// A member or function, of `base` or of the context when that is null.
  Result<Tree> Invocation(Tree base) {
    if (token_.kind != Token::Kind::kIdentifier && token_.kind != Token::Kind::kDelimited) {
      return Wrong("the name of an element or a function");
    }
    Tree node = Make(Kind::kMember, token_.text);
    CLINNOVA_TRY(Advance());
    const bool on_context = base == nullptr;
    if (base) node->arguments.push_back(std::move(base));
    if (!token_.IsSymbol("(")) {
      node->member = MemberName(memory_.Copy(std::string_view("_" + node->text)));
      // Elements begin with a small letter, resources with a capital one.
      const char initial = node->text.empty() ? ' ' : node->text.front();
      if (on_context && initial >= 'A' && initial <= 'Z') {
        node->own_type = FhirModel::R4().Path(node->text);
      }
      return node;
    }
    node->kind = Kind::kFunction;
    node->function = FindFunction(node->text);
    node->on_context = on_context;
    CLINNOVA_TRY(Advance());
    while (!token_.IsSymbol(")")) {
      CLINNOVA_ASSIGN(Tree argument, Operators(1));
      if (node->text == "sort" && (token_.IsWord("asc") || token_.IsWord("desc"))) {
        Tree key = Make(Kind::kPolarity, token_.text);
        key->arguments.push_back(std::move(argument));
        argument = std::move(key);
        CLINNOVA_TRY(Advance());
      }
      node->arguments.push_back(std::move(argument));
      if (token_.IsSymbol(")")) break;
      CLINNOVA_TRY(Expect(","));
      if (token_.IsSymbol(")")) return Wrong("an argument");
    }
    CLINNOVA_TRY(Advance());
    return node;
  }

  Result<Tree> Term() {
    switch (token_.kind) {
      case Token::Kind::kString: return Literal(Kind::kString, ItemOf(memory_, token_.text));
      case Token::Kind::kNumber: return NumberOrQuantity();
      case Token::Kind::kTemporal:
        return Literal(Kind::kTemporal, ItemOf(memory_, token_.temporal));
      case Token::Kind::kVariable: return OneToken(Make(Kind::kVariable, token_.text));
      case Token::Kind::kDollar:
        return OneToken(Make(token_.text == "this"    ? Kind::kThis
                             : token_.text == "index" ? Kind::kIndex
                                                      : Kind::kTotal));
      case Token::Kind::kIdentifier:
        if (token_.text == "true" || token_.text == "false") {
          return Literal(Kind::kBoolean, Item{.value = token_.text == "true"});
        }
        return Invocation(nullptr);
      case Token::Kind::kDelimited: return Invocation(nullptr);
      case Token::Kind::kSymbol: return Bracketed();
      case Token::Kind::kEnd: break;
    }
    return Wrong("an expression");
  }

  Result<Tree> OneToken(Tree node) {
    CLINNOVA_TRY(Advance());
    return node;
  }

  Result<Tree> Literal(Kind kind, const Item& item) {
    Tree node = Make(kind);
    node->literal.push_back(item);
    return OneToken(std::move(node));
  }

  Result<Tree> Bracketed() {
    if (token_.IsSymbol("(")) {
      CLINNOVA_TRY(Advance());
      CLINNOVA_ASSIGN(Tree inner, Operators(1));
      CLINNOVA_TRY(Expect(")"));
      return inner;
    }
    if (!token_.IsSymbol("{")) return Wrong("an expression");
    Tree node = Make(Kind::kEmpty);
    CLINNOVA_TRY(Advance());
    CLINNOVA_TRY(Expect("}"));
    return node;
  }

  Result<Tree> NumberOrQuantity() {
    if (token_.text.size() > kLongestNumber) return Wrong("a number of at most 40 digits");
    Tree node = Make(Kind::kDecimal);
    const Decimal decimal = *Decimal::Parse(token_.text);
    Item item = ItemOf(memory_, decimal);
    if (token_.text.find('.') == token_.text.npos) {
      std::int64_t integer = 0;
      const char* end = token_.text.data() + token_.text.size();
      const auto read = std::from_chars(token_.text.data(), end, integer);
      if (read.ec == std::errc()) node->kind = Kind::kInteger, item = ItemOf(memory_, integer);
    }
    CLINNOVA_TRY(Advance());
    const bool word = token_.kind == Token::Kind::kIdentifier && CalendarUnitOf(token_.text);
    if (token_.kind == Token::Kind::kString || word) {
      node->kind = Kind::kQuantity;
      item = ItemOf(memory_, Quantity{decimal, memory_.Copy(std::string_view(token_.text)), word});
      CLINNOVA_TRY(Advance());
    }
    node->literal.push_back(item);
    return node;
  }

  Lexer lexer_;
  Arena& memory_;  // not owned, outlives the tree
  Token token_;
  int depth_ = 0;
  int length_ = 0;
};

}  // namespace

Result<std::unique_ptr<Expression>> ParseFhirPath(std::string_view text, Arena& memory) {
  return Parser(text, memory).Whole();
}

std::string PlainPath(const Expression& expression) {
  if (expression.kind != Kind::kMember) return {};
  if (expression.arguments.empty()) return expression.text;
  const std::string base = PlainPath(*expression.arguments.front());
  return base.empty() ? base : base + "." + expression.text;
}

}  // namespace clinnova::intake::fhirpath
