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
    const auto needs = design.bases_without_facts();
    if (std::none_of(needs.begin(), needs.end(),
                     [&](const auto& need) { return !need.polynomial && need.text == term; })) {
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
          design.BasisInput(site.table, batch, parameters.terms[t], values);
          mine.AddCount(kValues, t, static_cast<std::int64_t>(values.size()));
          CountKeys(values, t, parameters.targets, parameters.shift, kKeys, mine);
        }
        return {};
      });
}

const TypedStep<Parameters> kStep{"frame.knots", LayoutOf, Evaluate, federation::CountsOnly{}};

/// The orders of a term's knots among n values: first boundary, quantiles, last boundary.
std::vector<QuantileOrders> KnotOrders(std::int64_t n, int quantiles, std::int64_t minimum_count) {
  const std::int64_t edge = std::max<std::int64_t>(1, minimum_count);
  std::vector<QuantileOrders> orders = {{edge, edge, 0}};
  for (int knot = 1; knot <= quantiles; ++knot) {
    orders.push_back(Type7(n, static_cast<double>(knot) / static_cast<double>(quantiles + 1)));
  }
  orders.push_back({n - edge + 1, n - edge + 1, 0});
  return orders;
}

/// The knots found with those that the formula gives between them.
Result<std::vector<double>> WithInterior(std::vector<double> knots,
                                         const std::vector<double>& interior) {
  if (!interior.empty() && (interior.front() <= knots.front() || interior.back() >= knots.back())) {
    return Fail(ErrorCode::kFailed,
                "found a knot that is not between the boundary knots, expected none or "
                "Boundary.knots = c(low, high) about all of them");
  }
  knots.insert(knots.begin() + 1, interior.begin(), interior.end());
  return knots;
}

std::vector<Design::BasisNeed> SplinesOf(const Design& design) {
  std::vector<Design::BasisNeed> needs = design.bases_without_facts();
  std::erase_if(needs, [](const Design::BasisNeed& need) { return need.polynomial; });
  return needs;
}

}  // namespace

Result<void> FindKnots(Federation& federation, const Analysis& analysis, const Design& design,
                       table::DesignFacts& facts) {
  const std::vector<Design::BasisNeed> needs = SplinesOf(design);
  if (needs.empty()) return {};
  const auto where = [&](std::size_t t) {
    return "analysis \"" + analysis.name() + "\": " + needs[t].text;
  };
  Parameters parameters;
  for (const Design::BasisNeed& need : needs) parameters.terms.push_back(need.text);
  CLINNOVA_ASSIGN(const PooledSums sizes, federation.Sum(analysis, kStep, parameters));
  OrderStatisticSearch search;
  std::vector<std::vector<QuantileOrders>> wanted;
  for (std::size_t t = 0; t < needs.size(); ++t) {
    const std::int64_t n = sizes.Count(kValues, t);
    const std::int64_t k = federation.minimum_count();
    // So that no knot is told with fewer than k persons between it and the next.
    if (n <
        std::max<std::int64_t>(needs[t].quantiles + 2, k * std::max(4, needs[t].quantiles + 1))) {
      return Fail(ErrorCode::kFailed, where(t) + ": too few values for its knots");
    }
    wanted.push_back(KnotOrders(n, needs[t].quantiles, k));
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
    std::vector<double> found;
    for (const QuantileOrders& orders : wanted[t]) {
      found.push_back(
          Interpolate(orders, search.Value(t, orders.lower), search.Value(t, orders.upper)));
    }
    auto knots = WithInterior(std::move(found), needs[t].interior);
    if (!knots) return FailAt(where(t), knots);
    facts.knots[needs[t].text] = std::move(*knots);
  }
  return {};
}

std::vector<const federation::Step*> SplineKnotSteps() { return {&kStep}; }

}  // namespace clinnova::stats
