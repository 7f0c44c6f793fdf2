// SPDX-License-Identifier: Apache-2.0
// Decimal numbers that remember how many digits were written after the point: 1.50 stays 1.50, and
// 0.1 + 0.2 is 0.3.
//
//   const Decimal price = *Decimal::Parse("1.50");
//   (price + *Decimal::Parse("2")).Text();          // "3.50"
//
// Sums and products are exact to 50 digits; quotients are rounded to 28.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vocabulary/ucum.h"

namespace clinnova::intake {

class Decimal {
 public:
  using Number = vocabulary::UcumNumber;

  Decimal() = default;
  Decimal(std::int64_t integer) : number_(integer) {}  // NOLINT: an integer is a decimal
  /// `digits` after the point are written.
  Decimal(Number number, int digits) : number_(std::move(number)), digits_(digits) {}

  /// "-1.50", "2e-3"; nothing for other text.
  static std::optional<Decimal> Parse(std::string_view text);
  /// A computed number: rounded to 28 significant digits, without zeros at the end. Nothing when it is not
  /// finite.
  static std::optional<Decimal> Rounded(const Number& number);

  const Number& number() const { return number_; }
  int digits() const { return digits_; }
  std::string Text() const;
  bool IsInteger() const;
  /// The part before the point; nothing when it does not fit.
  std::optional<std::int64_t> ToInteger() const;

  /// To `digits` after the point; halves go away from zero.
  Decimal Round(int digits) const;
  /// Towards minus or plus infinity.
  Decimal Floor(int digits) const;
  Decimal Ceiling(int digits) const;

  friend Decimal operator+(const Decimal& a, const Decimal& b);
  friend Decimal operator-(const Decimal& a, const Decimal& b);
  friend Decimal operator*(const Decimal& a, const Decimal& b);
  /// Nothing when b is zero.
  static std::optional<Decimal> Divide(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return a.number_ == b.number_; }
  friend bool operator<(const Decimal& a, const Decimal& b) { return a.number_ < b.number_; }

 private:
  Number number_ = 0;
  int digits_ = 0;
};

}  // namespace clinnova::intake
