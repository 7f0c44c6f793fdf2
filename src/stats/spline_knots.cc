// SPDX-License-Identifier: Apache-2.0
#include "stats/spline_knots.h"

#include <algorithm>

#include "federation/batches.h"
#include "stats/model_frame.h"
#include "stats/order_statistics.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using table::Design;
using table::DesignBatch;

struct Parameters {
  std::vector<std::string> terms;
  std::vector<KeyInterval> targets;  ///< empty: only how many values there are
  std::int64_t shift = 56;
  template <class A>
  void Fields(A& a) {
    a(terms);
    a(targets);
    a(shift);
  }
};
enum Block { kValues, kKeys };

Result<Layout> LayoutOf(const Analysis&, const table::Schema&, const Parameters& parameters) {
  if (parameters.shift < 0 || parameters.shift > 56) {
    return Fail(ErrorCode::kRefused, "a shift outside the keys", "wrong_layout");
  }
  return Layout{{CountBlock("values", parameters.terms.size()),
                 CountBlock("keys", parameters.targets.size() * kKeyParts)}};
}

Result<void> Evaluate(const SiteView& site, const Parameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(site.analysis));
  CLINNOVA_ASSIGN(const table::DesignOptions options, DesignOptionsOf(site.analysis));
  CLINNOVA_ASSIGN(const Design design, Design::Create(formula, site.table.schema, options, {}));
  for (const std::string& term : parameters.terms) {
    const auto needs = design.splines_without_knots();
    if (std::none_of(needs.begin(), needs.end(),
                     [&](const auto& need) { return need.text == term; })) {
      return Fail(ErrorCode::kRefused, "no such spline in the formula", "unknown_term");
    }
  }
  return federation::ForEachBatch(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, DesignBatch& batch,
          ExactSums& mine) -> Result<void> {
        design.Evaluate(site.table, first, count, batch);
        std::vector<double> values;
        for (std::size_t t = 0; t < parameters.terms.size(); ++t) {
          design.SplineInput(site.table, batch, parameters.terms[t], values);
          mine.AddCount(kValues, t, static_cast<std::int64_t>(values.size()));
          CountKeys(values, t, parameters.targets, parameters.shift, kKeys, mine);
        }
        return {};
      });
}

const TypedStep<Parameters> kStep{"frame.knots", LayoutOf, Evaluate, federation::CountsOnly{}};

/// The orders of a term's knots among n values: first boundary, interior, last boundary.
std::vector<QuantileOrders> KnotOrders(std::int64_t n, int df, std::int64_t minimum_count) {
  const std::int64_t edge = std::max<std::int64_t>(1, minimum_count);
  std::vector<QuantileOrders> orders = {{edge, edge, 0}};
  for (int knot = 1; knot < df; ++knot) {
    orders.push_back(Type7(n, static_cast<double>(knot) / static_cast<double>(df)));
  }
  orders.push_back({n - edge + 1, n - edge + 1, 0});
  return orders;
}

}  // namespace

Result<void> FindKnots(Federation& federation, const Analysis& analysis, const Design& design,
                       table::DesignFacts& facts) {
  const std::vector<Design::SplineNeed> needs = design.splines_without_knots();
  if (needs.empty()) return {};
  Parameters parameters;
  for (const Design::SplineNeed& need : needs) parameters.terms.push_back(need.text);
  CLINNOVA_ASSIGN(const PooledSums sizes, federation.Sum(analysis, kStep, parameters));
  OrderStatisticSearch search;
  std::vector<std::vector<QuantileOrders>> wanted;
  for (std::size_t t = 0; t < needs.size(); ++t) {
    const std::int64_t n = sizes.Count(kValues, t);
    const std::int64_t k = federation.minimum_count();
    if (n < std::max<std::int64_t>(needs[t].df + 1, 4 * k)) {
      return Fail(ErrorCode::kFailed, "analysis \"" + analysis.name() + "\": " + needs[t].text +
                                          ": too few values for its knots");
    }
    wanted.push_back(KnotOrders(n, needs[t].df, k));
    for (const QuantileOrders& orders : wanted.back()) {
      search.Want(t, orders.lower);
      search.Want(t, orders.upper);
    }
  }
  while (!search.Done()) {
    parameters.targets = search.targets();
    parameters.shift = search.shift();
    CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kStep, parameters));
    search.Absorb(sums.Counts(kKeys));
  }
  for (std::size_t t = 0; t < needs.size(); ++t) {
    std::vector<double>& knots = facts.knots[needs[t].text];
    for (const QuantileOrders& orders : wanted[t]) {
      knots.push_back(
          Interpolate(orders, search.Value(t, orders.lower), search.Value(t, orders.upper)));
    }
  }
  return {};
}

std::vector<const federation::Step*> SplineKnotSteps() { return {&kStep}; }

}  // namespace clinnova::stats
