// SPDX-License-Identifier: Apache-2.0
// Perl-compatible regular expressions by PCRE2, as FHIRPath wants them: over UTF-8, the dot matching line ends
// too. A pattern that would take too long gives up instead.
//
//   auto pattern = RegularExpression::Compile("^[0-9]{2}$");        // a Result
//   pattern->Matches("42", RegularExpression::Where::kAnywhere);    // true
//
// Thread rule: Compile from any thread; one object is used by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::intake {

class RegularExpression {
 public:
  enum class Where { kAnywhere, kWhole };

  /// kInvalidInput with PCRE2's words and the place.
  static Result<RegularExpression> Compile(std::string_view pattern);
  ~RegularExpression();
  RegularExpression(RegularExpression&&) noexcept;
  RegularExpression& operator=(RegularExpression&&) noexcept;

  /// kInvalidInput when `text` is no UTF-8, or the match is given up.
  Result<bool> Matches(std::string_view text, Where where) const;
  /// `text` with every match replaced; `with` may name groups: $1, ${name}, $0; $$ is a dollar sign.
  Result<std::string> Replace(std::string_view text, std::string_view with) const;

 private:
  struct State;
  explicit RegularExpression(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clinnova::intake
