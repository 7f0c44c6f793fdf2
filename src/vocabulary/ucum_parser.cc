// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/ucum_parser.h"

#include <algorithm>
#include <cmath>

namespace clinnova::vocabulary {
namespace {

constexpr int kDeepest = 64;                ///< parentheses within each other
constexpr std::size_t kLongestNumber = 30;  ///< digits
constexpr int kLargestExponent = 9999;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// to *= unit^power; false when a scale of its own would be multiplied.
bool Multiply(UcumUnit& to, const UcumUnit& unit, int power) {
  const auto is_number = [](const UcumUnit& u) {
    return u.dimension == UcumDimension{} && u.scale == UcumScale::kRatio;
  };
  if (unit.scale != UcumScale::kRatio) {
    if (!is_number(to) || power != 1) return false;
    const UcumNumber times = to.factor;
    to = unit;
    to.step *= times;
    return true;
  }
  UcumNumber factor = boost::multiprecision::pow(unit.factor, std::abs(power));
  if (power < 0) factor = 1 / factor;
  if (to.scale != UcumScale::kRatio) {
    if (!is_number(unit)) return false;
    to.step *= factor;
    return true;
  }
  to.factor *= factor;
  to.moles += power * unit.moles;
  for (std::size_t i = 0; i < unit.dimension.base.size(); ++i) {
    to.dimension.base[i] += power * unit.dimension.base[i];
  }
  for (const auto& [name, exponent] : unit.dimension.arbitrary) {
    int& sum = to.dimension.arbitrary[name];
    sum += power * exponent;
    if (sum == 0) to.dimension.arbitrary.erase(name);
  }
  return true;
}

class Parser {
 public:
  Parser(const Ucum& ucum, std::string_view text) : ucum_(ucum), text_(text) {}

  Result<UcumUnit> Whole() {
    if (text_.empty()) return Wrong("nothing", "a unit");
    for (at_ = 0; at_ < text_.size(); ++at_) {
      if (text_[at_] <= ' ' || text_[at_] > '~') {
        return Wrong("a blank or a character beyond ASCII", "a UCUM unit without them");
      }
    }
    at_ = 0;
    int sign = 1;
    if (text_[0] == '/') {
      sign = -1;
      ++at_;
    }
    CLINNOVA_ASSIGN(UcumUnit unit, Term(sign, 0));
    if (at_ < text_.size()) return Wrong("\"" + Rest() + "\"", "\".\", \"/\" or the end");
    const auto usable = [](const UcumNumber& n) { return boost::multiprecision::isnormal(n); };
    if (!usable(unit.factor) || !usable(unit.step)) {
      return Fail(ErrorCode::kInvalidInput, Quoted() + ": too large or too small a unit");
    }
    return unit;
  }

 private:
  std::string Rest() const { return std::string(text_.substr(at_)); }
  std::string Quoted() const { return "unit \"" + std::string(text_) + "\""; }
  bool At(char c) const { return at_ < text_.size() && text_[at_] == c; }

  tl::unexpected<Error> Wrong(const std::string& found, const std::string& expected) const {
    return Fail(ErrorCode::kInvalidInput, Quoted() + ": found " + found + " at character " +
                                              std::to_string(at_ + 1) + ", expected " + expected);
  }

  /// `first` is the power of the first component: -1 after a leading "/".
  Result<UcumUnit> Term(int first, int depth) {
    UcumUnit product;
    int power = first;
    for (;;) {
      const std::size_t start = at_;
      CLINNOVA_ASSIGN(const UcumUnit component, Component(depth));
      if (!Multiply(product, component, power)) {
        at_ = start;
        return Wrong("\"" + Rest() + "\"", "no product with a unit on a scale of its own");
      }
      if (!At('.') && !At('/')) return product;
      power = At('/') ? -1 : 1;
      ++at_;
    }
  }

  Result<UcumUnit> Component(int depth) {
    if (At('{')) {
      CLINNOVA_TRY(Annotation());
      return UcumUnit{};
    }
    UcumUnit unit;
    if (At('(')) {
      if (depth >= kDeepest) return Wrong("too many parentheses", "at most 64 within each other");
      ++at_;
      CLINNOVA_ASSIGN(unit, Term(1, depth + 1));
      if (!At(')')) return Wrong(at_ < text_.size() ? "\"" + Rest() + "\"" : "the end", "\")\"");
      ++at_;
    } else if (at_ < text_.size() && IsDigit(text_[at_]) && !StartsTen()) {
      CLINNOVA_ASSIGN(unit, Factor());
    } else {
      CLINNOVA_ASSIGN(unit, Simple());
    }
    if (At('{')) CLINNOVA_TRY(Annotation());
    return unit;
  }

  /// "10*" and "10^" are symbols that begin with digits.
  bool StartsTen() const {
    const std::string_view rest = text_.substr(at_);
    return rest.starts_with("10*") || rest.starts_with("10^");
  }

  Result<void> Annotation() {
    const std::size_t end = text_.find_first_of("{}", at_ + 1);
    if (end == text_.npos || text_[end] == '{') return Wrong("\"" + Rest() + "\"", "{annotation}");
    at_ = end + 1;
    return {};
  }

  Result<UcumUnit> Factor() {
    const std::size_t start = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    if (at_ - start > kLongestNumber) return Wrong("a number of too many digits", "at most 30");
    UcumUnit unit;
    unit.factor = UcumNumber(std::string(text_.substr(start, at_ - start)));
    return unit;
  }

  /// Where the symbol that starts here ends: before an exponent, an operator or an annotation; what
  /// stands in brackets belongs to it whatever it is.
  std::size_t SymbolEnd() const {
    std::size_t end = at_;
    if (StartsTen()) return at_ + 3;
    while (end < text_.size()) {
      const char c = text_[end];
      if (c == '[') {
        const std::size_t close = text_.find(']', end);
        if (close == text_.npos) return end;
        end = close + 1;
      } else if (IsDigit(c) || std::string_view("+-./(){}]").find(c) != std::string_view::npos) {
        break;
      } else {
        ++end;
      }
    }
    return end;
  }

  Result<UcumUnit> Simple() {
    const std::size_t end = SymbolEnd();
    const std::string_view symbol = text_.substr(at_, end - at_);
    const auto unit = Symbol(symbol);
    if (!unit) {
      const std::string found = at_ == text_.size() ? "the end"
                                : symbol.empty()    ? "\"" + Rest() + "\""
                                                    : "\"" + std::string(symbol) + "\"";
      return Wrong(found, "a UCUM unit");
    }
    at_ = end;
    CLINNOVA_ASSIGN(const int power, Exponent());
    UcumUnit raised;
    if (!Multiply(raised, *unit, power)) {
      return Wrong("a power of " + std::string(symbol), "no power of a unit on a scale of its own");
    }
    return raised;
  }

  std::optional<UcumUnit> Symbol(std::string_view symbol) const {
    if (const Ucum::Atom* atom = ucum_.FindAtom(symbol)) return atom->unit;
    for (std::size_t length = 1; length <= 2 && length < symbol.size(); ++length) {
      const auto prefix = ucum_.prefixes().find(symbol.substr(0, length));
      if (prefix == ucum_.prefixes().end()) continue;
      const Ucum::Atom* atom = ucum_.FindAtom(symbol.substr(length));
      if (!atom || !atom->metric) continue;
      UcumUnit unit = atom->unit;
      (unit.scale == UcumScale::kRatio ? unit.factor : unit.step) *= prefix->second;
      return unit;
    }
    return std::nullopt;
  }

  Result<int> Exponent() {
    const std::size_t start = at_;
    if (At('+') || At('-')) ++at_;
    const std::size_t digits = at_;
    int exponent = 0;
    for (; at_ < text_.size() && IsDigit(text_[at_]); ++at_) {
      exponent = std::min(kLargestExponent + 1, 10 * exponent + (text_[at_] - '0'));
    }
    if (at_ == start) return 1;
    if (at_ == digits) return Wrong("a sign without a number", "an exponent");
    if (exponent > kLargestExponent) return Wrong("too large an exponent", "at most 9999");
    return text_[start] == '-' ? -exponent : exponent;
  }

  const Ucum& ucum_;  // not owned, outlives this
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<UcumUnit> ParseUcum(const Ucum& ucum, std::string_view unit) {
  return Parser(ucum, unit).Whole();
}

}  // namespace clinnova::vocabulary
