// SPDX-License-Identifier: Apache-2.0
// Disease scores as formulas over columns, the one place where a study's table computes them.
//
//   FindScore("das28-crp")->Sql({{"tjc28", "t.value"}, {"sjc28", "s.value"}, {"crp", "c.value"}, {"gh", "g.value"}})
//
// A missing input gives a missing score; so does one outside its range, which no formula is made for.
// Sources: Prevoo 1995 (DAS28-ESR), Wells 2009 (DAS28-CRP), with the three-variable versions;
// Harvey and Bradshaw 1980 (HBI), Schroeder 1987 (Mayo, partial and modified after FDA 2016), Travis 2012 (UCEIS).
// Thread rule: pure functions over constant data.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace clinnova::cohort {

/// A field of a score: its unit and the values it can have.
struct ScoreInput {
  std::string_view name;
  std::string_view unit;  ///< UCUM
  double low = 0.0;
  double high = 0.0;
  bool above_low = false;  ///< `low` itself is not possible (an ESR of 0 has no logarithm)
};

struct ScoreFormula {
  std::string_view name;
  std::string_view title;
  std::span<const ScoreInput> inputs;
  std::string_view expression;  ///< DuckDB SQL in which {name} stands for an input

  /// The formula over the SQL expressions of its inputs, NULL where one is NULL or out of range.
  /// Precondition: `columns` has an expression for each input.
  std::string Sql(const std::map<std::string, std::string, std::less<>>& columns) const;
};

/// Null when there is no such score.
const ScoreFormula* FindScore(std::string_view name);
/// In the order of their names.
std::span<const ScoreFormula> ScoreFormulas();

}  // namespace clinnova::cohort
