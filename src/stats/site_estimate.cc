// SPDX-License-Identifier: Apache-2.0
#include "stats/site_estimate.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/hash.h"
#include "stats/method.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::Federation;
using federation::Int128;
using federation::Layout;
using federation::RoundRequest;
using federation::SiteCache;
using federation::SiteView;
using federation::Step;
using table::DesignBatch;

namespace {

/// A federation of one site, at that site: no number of its rounds leaves.
class OneSite final : public Federation {
 public:
  OneSite(const SiteView& site, const Analysis& analysis) : site_(site), analysis_(analysis) {}

  const table::Schema& schema() const override { return site_.table.schema; }
  const std::vector<std::string>& sites() const override { return names_; }
  /// Disclosure rules are judged on what leaves.
  int minimum_count() const override { return 0; }

 protected:
  Result<std::vector<Int128>> Round(const RoundRequest& request, const Layout& layout) override {
    const Step* step = Steps().Find(analysis_.method(), request.step);
    if (step == nullptr)
      return Fail(ErrorCode::kFailed, "step " + request.step + " is not the method's", "internal");
    ExactSums sums(layout);
    const SiteView view{.table = site_.table,
                        .analysis = analysis_,
                        .cache = cache_,
                        .threads = site_.threads,
                        .minimum_count = 0};
    CLINNOVA_TRY(step->Evaluate(view, request.parameters, sums));
    return sums.Seal(core::Hash{});
  }

 private:
  const SiteView& site_;      // not owned, outlives this
  const Analysis& analysis_;  // not owned, outlives this
  SiteCache cache_;
  std::vector<std::string> names_{"here"};
};

/// The levels of a factor column among this site's complete cases.
std::vector<bool> LevelsHere(const SiteView& site, const table::Design& design, std::size_t column,
                             std::size_t levels) {
  std::vector<bool> here(levels);
  DesignBatch batch;
  const std::vector<std::int32_t>& codes = site.table.column(column).codes;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first), batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const std::int32_t code = codes[batch.source_row[r]];
      if (code >= 0) here[static_cast<std::size_t>(code)] = true;
    }
  }
  return here;
}

/// The site's frame for `framed`, the analysis that the claim is about.
Result<std::shared_ptr<const SiteFrame>> FrameOf(const SiteView& site, const Analysis& framed,
                                                 const FrameClaim& claim) {
  const SiteView view{.table = site.table,
                      .analysis = framed,
                      .cache = site.cache,
                      .threads = site.threads,
                      .minimum_count = site.minimum_count,
                      .limits = site.limits};
  return SiteFrameOf(view, claim);
}

/// True when nobody here is at the pooled reference level of a factor of the term: the site's own fit would compare
/// with another level. `framed` is the analysis that the claim is about.
Result<bool> ReferenceIsMissing(const SiteView& site, const Analysis& framed,
                                const EstimateRequest& request) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  FrameOf(site, framed, request.claim));
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(framed));
  const auto& names = frame->design.names();
  const auto found = std::find(names.begin(), names.end(), request.term);
  if (found == names.end())
    return Fail(ErrorCode::kRefused, "a term that the design does not have", "wrong_layout");
  const int assigned = frame->design.assign()[static_cast<std::size_t>(found - names.begin())];
  if (assigned == 0) return false;
  const table::Term& term = formula.terms()[static_cast<std::size_t>(assigned - 1)];
  for (const auto& use : frame->design.factors()) {
    const bool in_term =
        std::any_of(term.factors.begin(), term.factors.end(), [&](const table::TermFactor& factor) {
          return factor.expression.name == use.column || factor.text == use.column;
        });
    if (!in_term) continue;
    const auto used = request.claim.facts.used_levels.find(use.column);
    const std::string& reference =
        used == request.claim.facts.used_levels.end() ? use.levels.front() : used->second.front();
    const auto level = std::find(use.levels.begin(), use.levels.end(), reference);
    const std::vector<bool> here =
        LevelsHere(site, frame->design, use.schema_column, use.levels.size());
    if (!here[static_cast<std::size_t>(level - use.levels.begin())]) return true;
  }
  return false;
}

/// The analysis whose frame the request's claim is about.
Result<Analysis> Framed(const SiteView& site) {
  if (site.analysis.Has("analysis")) return FittedAnalysis(site.analysis);
  return site.analysis;
}

using Estimates = std::vector<SiteEstimate>;

Result<Estimates> FitHere(const SiteView& site, const EstimateRequest& request) {
  CLINNOVA_ASSIGN(const Analysis fitted, FittedAnalysis(site.analysis));
  CLINNOVA_ASSIGN(
      const bool reference_missing,
      ReferenceIsMissing(site, site.analysis.Has("analysis") ? fitted : site.analysis, request));
  if (reference_missing || site.table.rows == 0) return Estimates{};
  OneSite alone(site, fitted);
  // What fails on this site's rows alone, such as a factor with one level, is no estimate.
  const auto result = RunAnalysis(alone, fitted);
  if (!result || !result->value("converged", false) || !result->contains("terms"))
    return Estimates{};
  if (result->value("n", std::int64_t{0}) < site.minimum_count) return Estimates{};
  for (const auto& term : (*result)["terms"]) {
    if (term.value("term", "") != request.term || !term["estimate"].is_number() ||
        !term["std_error"].is_number()) {
      continue;
    }
    const double error = term["std_error"].get<double>();
    if (error > 0) return Estimates{{term["estimate"].get<double>(), error * error}};
  }
  return Estimates{};
}

Result<Estimates> ReadRows(const SiteView& site) {
  Estimates estimates;
  const std::vector<double>* columns[2] = {};
  const char* keys[] = {"estimate", "std_error"};
  for (int i = 0; i < 2; ++i) {
    CLINNOVA_ASSIGN(const std::string name, site.analysis.Text(keys[i]));
    const auto column = site.table.schema.Find(name);
    if (!column || site.table.schema.columns[*column].kind != table::ColumnKind::kNumeric)
      return site.analysis.Wrong(keys[i], "found \"" + name + "\", expected a numeric column");
    columns[i] = &site.table.column(*column).numbers;
  }
  for (std::size_t r = 0; r < site.table.rows; ++r) {
    const double estimate = (*columns[0])[r];
    const double error = (*columns[1])[r];
    if (std::isfinite(estimate) && std::isfinite(error) && error > 0)
      estimates.push_back({estimate, error * error});
  }
  return estimates;
}

}  // namespace

Result<void> HoldEstimates(const SiteView& site, const EstimateRequest& request) {
  if (RowsAreEstimates(site.analysis)) return {};
  CLINNOVA_ASSIGN(const Analysis framed, Framed(site));
  CLINNOVA_TRY(FrameOf(site, framed, request.claim));
  return {};
}

bool RowsAreEstimates(const Analysis& analysis) { return analysis.Has("estimate"); }

Result<Analysis> FittedAnalysis(const Analysis& analysis) {
  if (analysis.Has("analysis")) {
    CLINNOVA_ASSIGN(Analysis other, analysis.Other("analysis"));
    if (other.method() == analysis.method())
      return analysis.Wrong("analysis", "found a meta-analysis, expected one that sites can fit");
    return other;
  }
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  nlohmann::json alike = {{"name", analysis.name()}};
  const bool survival = formula.response().kind == table::Response::Kind::kSurvival;
  alike["method"] = survival ? "cox" : "glm";
  for (const char* key : {"formula", "family", "link", "ties", "weights"}) {
    if (analysis.Has(key)) alike[key] = analysis.json()[key];
  }
  CLINNOVA_ASSIGN(Analysis fitted, Analysis::FromJson(alike));
  const auto known = fitted.CheckKeys(FindMethod(fitted.method())->options);
  if (!known) return Fail(known);
  return fitted;
}

Result<std::shared_ptr<const Estimates>> SiteEstimatesOf(const SiteView& site,
                                                         const EstimateRequest& request) {
  using Made = Result<std::shared_ptr<const Estimates>>;
  const auto make = [&]() -> Made {
    if (RowsAreEstimates(site.analysis)) {
      CLINNOVA_ASSIGN(Estimates rows, ReadRows(site));
      return std::make_shared<const Estimates>(std::move(rows));
    }
    CLINNOVA_ASSIGN(Estimates fitted, FitHere(site, request));
    return std::make_shared<const Estimates>(std::move(fitted));
  };
  // The fit uses the cache itself: the cache holds the place, and the place is filled outside its lock.
  struct Place {
    struct State {
      std::once_flag once;
      std::optional<Made> made;
    };
    std::shared_ptr<State> state = std::make_shared<State>();  // shared with the site's cache
  };
  const std::string key = "site estimate " + site.analysis.name() + " " +
                          core::ToHex(core::Blake2b(core::Encode(request)));
  const auto place = site.cache.GetOrMake<Place>(key, [] { return Place{}; });
  std::call_once(place->state->once, [&] { place->state->made = make(); });
  return *place->state->made;
}

}  // namespace clinnova::stats
