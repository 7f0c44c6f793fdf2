// SPDX-License-Identifier: Apache-2.0
// The random terms of a formula, put together group by group.
#include <algorithm>

#include "stats/random_effects.h"
#include "table/formula_variables.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using table::Design;
using table::Formula;
using table::RandomTerm;
using table::Term;

constexpr std::string_view kPossible =
    "terms (1 | g), (x | g), (0 + x | g), (x || g) of one group g or of two, such as (x | outer/g) "
    "or "
    "(1 | g) + (x | h)";

/// The terms of one group, by their place in the formula.
struct GroupTerms {
  std::string group;
  std::string outer;  ///< of "outer/group", else empty
  std::vector<const RandomTerm*> terms;
};

/// Design columns of the formula's term with the same factors; empty when no fixed effect is called so.
std::vector<std::size_t> ColumnsOf(const Formula& formula, const Design& design,
                                   const Term& wanted) {
  std::vector<std::size_t> columns;
  for (std::size_t t = 0; t < formula.terms().size(); ++t) {
    if (formula.terms()[t].factors != wanted.factors) continue;
    for (std::size_t j = 0; j < design.assign().size(); ++j) {
      if (design.assign()[j] == static_cast<int>(t) + 1) columns.push_back(j);
    }
  }
  return columns;
}

void AddTo(std::vector<GroupTerms>& groups, const std::string& group, const std::string& outer,
           const RandomTerm& term) {
  for (GroupTerms& known : groups) {
    if (known.group != group || known.outer != outer) continue;
    known.terms.push_back(&term);
    return;
  }
  groups.push_back({group, outer, {&term}});
}

/// Which groups there are: of two, the inner one of a/b first and `site` last.
Result<std::vector<GroupTerms>> GroupsOf(const Analysis& analysis,
                                         const std::vector<RandomTerm>& terms) {
  if (terms.empty()) {
    return analysis.Wrong("formula", "found no random effect, expected one such as (1 | site)");
  }
  std::vector<GroupTerms> groups;
  bool deep = false;
  for (const RandomTerm& term : terms) {
    deep = deep || term.groups.size() > 2;
    if (term.groups.size() == 2) AddTo(groups, term.groups[1], term.groups[0], term);
    AddTo(groups, term.groups[0], "", term);
  }
  bool known = !deep && groups.size() <= 2;
  if (groups.size() == 2) {
    if (!groups[1].outer.empty() || groups[0].group == "site") std::swap(groups[0], groups[1]);
    const GroupTerms& inner = groups[0];
    const GroupTerms& around = groups[1];
    known = known && around.outer.empty() && (inner.outer.empty() || inner.outer == around.group);
  }
  if (!known) {
    std::string found;
    for (const GroupTerms& group : groups) {
      found += (found.empty() ? "" : ", ") + (group.outer.empty() ? "" : group.outer + "/") +
               group.group;
    }
    return analysis.Wrong("formula",
                          "found random effects of " + (deep ? "groups nested three deep" : found) +
                              ", which are not there, expected " + std::string(kPossible));
  }
  return groups;
}

bool IsCategorical(const table::TermFactor& factor, const Design& design) {
  if (factor.kind == table::TermFactor::Kind::kFactor) return true;
  if (factor.kind != table::TermFactor::Kind::kExpression) return false;
  return table::IsLogical(factor.expression) ||
         std::any_of(design.factors().begin(), design.factors().end(),
                     [&](const auto& use) { return use.column == factor.text; });
}

/// Whether factor `k` of `wanted` has contrasts for columns among these terms, or all its indicators (design_columns.h).
bool ByContrasts(const std::vector<Term>& terms, bool intercept, const Design& design,
                 const Term& wanted, std::size_t k) {
  for (const Term& term : terms) {
    for (std::size_t f = 0; !intercept && f < term.factors.size(); ++f) {
      if (!IsCategorical(term.factors[f], design)) continue;
      if (term.factors == wanted.factors && f == k) return false;  // the first one that is met
      intercept = true;
    }
  }
  if (wanted.factors.size() == 1) return true;
  std::vector<table::TermFactor> margin = wanted.factors;
  margin.erase(margin.begin() + static_cast<std::ptrdiff_t>(k));
  return std::any_of(terms.begin(), terms.end(),
                     [&](const Term& term) { return term.factors == margin; });
}

/// Whether R gives a slope the same columns as the fixed effect of the same name.
bool SameColumns(const Formula& formula, const Design& design, const RandomTerm& term,
                 const Term& slope) {
  for (std::size_t k = 0; k < slope.factors.size(); ++k) {
    if (!IsCategorical(slope.factors[k], design)) continue;
    if (ByContrasts(formula.terms(), formula.intercept(), design, slope, k) !=
        ByContrasts(term.terms, term.intercept, design, slope, k)) {
      return false;
    }
  }
  return true;
}

/// Adds the effects of one term.
Result<void> AddTerm(const Analysis& analysis, const Formula& formula, const Design& design,
                     const RandomTerm& term, std::size_t number, RandomEffects& effects) {
  if (term.intercept) {
    effects.names.emplace_back("(Intercept)");
    effects.columns.push_back(0);
    effects.term.push_back(number);
  }
  for (const Term& slope : term.terms) {
    const std::vector<std::size_t> columns = ColumnsOf(formula, design, slope);
    if (columns.empty()) {
      return analysis.Wrong("formula", "found the random slope " + slope.Text() +
                                           ", expected it as a fixed effect too");
    }
    if (!SameColumns(formula, design, term, slope)) {
      return analysis.Wrong("formula",
                            "found the random slope " + slope.Text() +
                                " with all its levels beside fixed effects without the first, or "
                                "the other way round, expected an intercept in both or in neither, "
                                "and || with numbers only");
    }
    for (const std::size_t column : columns) {
      effects.names.push_back(design.names()[column]);
      effects.columns.push_back(column);
      effects.term.push_back(number);
    }
  }
  return {};
}

Result<RandomEffects> EffectsOf(const Analysis& analysis, const Formula& formula,
                                const Design& design, const GroupTerms& group) {
  RandomEffects effects;
  effects.group = effects.label = group.group;
  if (!group.outer.empty()) effects.label += ":" + group.outer;
  std::vector<const RandomTerm*> terms = group.terms;
  const auto has_intercept = [](const RandomTerm* term) { return term->intercept; };
  const auto intercepts = std::count_if(terms.begin(), terms.end(), has_intercept);
  std::stable_partition(terms.begin(), terms.end(), has_intercept);
  effects.intercept = intercepts > 0;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    CLINNOVA_TRY(AddTerm(analysis, formula, design, *terms[t], t, effects));
  }
  for (std::size_t a = 0; a < effects.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (effects.names[a] != effects.names[b]) continue;
      return analysis.Wrong("formula", "found the random effect " + effects.names[a] + " by " +
                                           effects.label + " twice, expected it once");
    }
  }
  if (effects.size() == 0 || effects.size() > kMaximumEffects) {
    return analysis.Wrong("formula", "found " + std::to_string(effects.size()) +
                                         " random effects per cluster, expected 1 to " +
                                         std::to_string(kMaximumEffects));
  }
  return effects;
}

}  // namespace

Result<RandomPart> RandomPartOf(const Analysis& analysis, const Formula& formula,
                                const Design& design) {
  CLINNOVA_ASSIGN(const std::vector<GroupTerms> groups, GroupsOf(analysis, formula.random()));
  RandomPart part;
  for (const GroupTerms& group : groups) {
    CLINNOVA_ASSIGN(RandomEffects effects, EffectsOf(analysis, formula, design, group));
    part.groups.push_back(std::move(effects));
  }
  part.nested = groups.size() == 2 && (!groups[0].outer.empty() || groups[1].group == "site");
  return part;
}

}  // namespace clinnova::stats
