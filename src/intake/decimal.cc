// SPDX-License-Identifier: Apache-2.0
#include "intake/decimal.h"

#include <algorithm>

namespace clinnova::intake {
namespace {

namespace mp = boost::multiprecision;
using Number = Decimal::Number;

constexpr int kSignificant = 28;
/// More written digits than this are not kept; numbers are exact to 50.
constexpr int kMostDigits = 48;

/// Exact, and a product with it is: a quotient would not be.
Number PowerOfTen(int n) { return Number("1e" + std::to_string(n)); }

Number RoundHalfAway(const Number& number) {
  const Number half("0.5");
  return number < 0 ? Number(mp::ceil(Number(number - half)))
                    : Number(mp::floor(Number(number + half)));
}

}  // namespace

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  const auto number = vocabulary::ParseUcumNumber(text);
  if (!number) return std::nullopt;
  const std::size_t exponent = text.find_first_of("eE");
  const std::size_t point = text.find('.');
  int digits = 0;
  if (point != text.npos) {
    digits = static_cast<int>(std::min(exponent, text.size()) - point - 1);
  }
  if (exponent != text.npos) {
    const int power = std::atoi(std::string(text.substr(exponent + 1)).c_str());
    if (power > 60 || power < -60) return Rounded(*number);
    digits = std::max(0, digits - power);
  }
  return Decimal(*number, std::min(digits, kMostDigits));
}

std::optional<Decimal> Decimal::Rounded(const Number& number) {
  if (!mp::isfinite(number)) return std::nullopt;
  if (number == 0) return Decimal();
  const int magnitude =
      static_cast<int>(mp::floor(mp::log10(Number(mp::abs(number)))).convert_to<long>());
  if (magnitude > 40 || magnitude < -40) return Decimal(number, magnitude < -40 ? kMostDigits : 0);
  const int digits = std::clamp(kSignificant - 1 - magnitude, 0, kMostDigits);
  Decimal rounded = Decimal(number, digits).Round(digits);
  std::string text = rounded.Text();
  while (rounded.digits_ > 0 && text.back() == '0') {
    text.pop_back();
    --rounded.digits_;
  }
  return rounded;
}

std::string Decimal::Text() const {
  std::string text = number_.str(digits_, std::ios_base::fixed);
  if (digits_ == 0) text = text.substr(0, text.find('.'));
  if (text.find_first_of("123456789") == text.npos && text.front() == '-') text.erase(0, 1);
  return text;
}

bool Decimal::IsInteger() const { return mp::floor(number_) == number_; }

std::optional<std::int64_t> Decimal::ToInteger() const {
  if (number_ > Number("9223372036854775807") || number_ < Number("-9223372036854775808")) {
    return std::nullopt;
  }
  return mp::trunc(number_).convert_to<std::int64_t>();
}

Decimal Decimal::Round(int digits) const {
  return {RoundHalfAway(Number(number_ * PowerOfTen(digits))) * PowerOfTen(-digits), digits};
}

Decimal Decimal::Floor(int digits) const {
  return {mp::floor(Number(number_ * PowerOfTen(digits))) * PowerOfTen(-digits), digits};
}

Decimal Decimal::Ceiling(int digits) const {
  return {mp::ceil(Number(number_ * PowerOfTen(digits))) * PowerOfTen(-digits), digits};
}

Decimal operator+(const Decimal& a, const Decimal& b) {
  return {a.number_ + b.number_, std::max(a.digits_, b.digits_)};
}

Decimal operator-(const Decimal& a, const Decimal& b) {
  return {a.number_ - b.number_, std::max(a.digits_, b.digits_)};
}

Decimal operator*(const Decimal& a, const Decimal& b) {
  return {a.number_ * b.number_, std::min(a.digits_ + b.digits_, kMostDigits)};
}

std::optional<Decimal> Decimal::Divide(const Decimal& a, const Decimal& b) {
  if (b.number_ == 0) return std::nullopt;
  return Rounded(a.number_ / b.number_);
}

}  // namespace clinnova::intake
