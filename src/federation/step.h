// SPDX-License-Identifier: Apache-2.0
// A step: a pure function at a site, (table, parameters) -> numbers that mean something only when added
// over sites. Both halves of a method, the site's step and the coordinator's algorithm, stand in one file.
//
//   struct MeanParameters { template <class A> void Fields(A&) {} };
//   const TypedStep<MeanParameters> kMean{
//       "example.mean",
//       [](const Analysis&, const table::Schema&, const MeanParameters&) -> Result<Layout> {
//         return Layout{{CountBlock("n", 1), WideBlock("sum", 1)}};
//       },
//       [](const SiteView& site, const MeanParameters&, ExactSums& sums) -> Result<void> { … },
//       Guard<MeanParameters>{{Rule::kDominance}, HoldMean}};   // what it needs before it may leave (disclosure.h)
//
// Thread rule: steps are immutable; Evaluate may use SiteView::threads threads of its own.
#pragma once

#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/archive.h"
#include "federation/analysis.h"
#include "federation/disclosure.h"
#include "federation/exact_sums.h"
#include "federation/layout.h"
#include "table/table.h"

namespace clinnova::federation {

/// What a site remembers between the rounds of one run, by a key that names everything the value
/// depends on. Values are immutable once made.
class SiteCache {
 public:
  template <typename T, typename Make>
  std::shared_ptr<const T> GetOrMake(const std::string& key, Make make) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const void>& slot =
        values_[key];  // shared: a round may outlive the cache's entry
    if (!slot) slot = std::make_shared<const T>(make());
    return std::static_pointer_cast<const T>(slot);
  }

  /// As GetOrMake, for what is large: of all versions under a key the last one is kept.
  template <typename T, typename Make>
  std::shared_ptr<const T> GetOrReplace(const std::string& key, const std::string& version,
                                        Make make) {
    const std::lock_guard lock(mutex_);
    auto& [kept, slot] = versions_[key];
    if (!slot || kept != version) {
      slot.reset();  // before the next is made: both at once may not fit
      slot = std::make_shared<const T>(make());
      kept = version;
    }
    return std::static_pointer_cast<const T>(slot);
  }

 private:
  std::recursive_mutex mutex_;  ///< recursive: a value may be made of others
  std::map<std::string, std::shared_ptr<const void>> values_;
  std::map<std::string, std::pair<std::string, std::shared_ptr<const void>>> versions_;
};

/// What a step sees of its site.
struct SiteView {
  const table::Table& table;  // not owned
  const Analysis& analysis;   // not owned; from the approved study, never from the hub
  SiteCache& cache;           // not owned
  int threads = 1;
  int minimum_count = 5;      ///< the stricter of the study's and the site's; 0 = disclosure off
  DisclosureLimits limits{};  ///< likewise; of no meaning when minimum_count is 0
};

class Step {
 public:
  virtual ~Step() = default;
  virtual std::string_view name() const = 0;
  /// The blocks of a round with these parameters: the same at every site and at the hub.
  virtual Result<Layout> LayoutOf(const Analysis& analysis, const table::Schema& schema,
                                  core::ByteView parameters) const = 0;
  /// The rules that Hold holds; none for a step of counts only.
  virtual const std::vector<Rule>& rules() const = 0;
  /// Judges the rows at hand before Evaluate: kRefused with the reason code of a rule that is broken.
  virtual Result<void> Hold(const SiteView& site, core::ByteView parameters) const = 0;
  /// Adds the site's contribution to `sums`, which has the layout above (a block's exponent may have
  /// been raised). An error ends the round; what crosses the boundary is its code and reason only.
  virtual Result<void> Evaluate(const SiteView& site, core::ByteView parameters,
                                ExactSums& sums) const = 0;
};

/// Fails on a number that is not finite: parameters are checked with it before they are used.
class FiniteCheck {
 public:
  template <typename T>
  void operator()(T& value) {
    Look(value);
  }
  bool finite() const { return finite_; }

 private:
  void Look(double& value) { finite_ = finite_ && std::isfinite(value); }
  void Look(std::string&) {}
  template <typename T>
  void Look(std::vector<T>& values) {
    for (auto&& value : values) {
      if constexpr (!std::is_same_v<T, bool>) Look(value);
    }
  }
  template <typename T, std::size_t N>
  void Look(std::array<T, N>& values) {
    for (T& value : values) Look(value);
  }
  template <typename K, typename V>
  void Look(std::map<K, V>& values) {
    for (auto& [key, value] : values) Look(value);
  }
  template <typename T>
  void Look(std::optional<T>& value) {
    if (value) Look(*value);
  }
  template <typename T>
  void Look(T& value) {
    if constexpr (std::is_class_v<T>) value.Fields(*this);
  }

  bool finite_ = true;
};

/// A step whose parameters are the archivable struct P.
template <typename P>
class TypedStep final : public Step {
 public:
  using LayoutFunction = Result<Layout> (*)(const Analysis&, const table::Schema&, const P&);
  using SiteFunction = Result<void> (*)(const SiteView&, const P&, ExactSums&);

  TypedStep(std::string_view name, LayoutFunction layout, SiteFunction evaluate, Guard<P> guard)
      : name_(name), layout_(layout), evaluate_(evaluate), guard_(std::move(guard)) {}

  std::string_view name() const override { return name_; }

  Result<Layout> LayoutOf(const Analysis& analysis, const table::Schema& schema,
                          core::ByteView parameters) const override {
    CLINNOVA_ASSIGN(const P p, Read(parameters));
    return layout_(analysis, schema, p);
  }

  const std::vector<Rule>& rules() const override { return guard_.rules; }

  Result<void> Hold(const SiteView& site, core::ByteView parameters) const override {
    CLINNOVA_ASSIGN(const P p, Read(parameters));
    if (guard_.check != nullptr) return guard_.check(site, p);
    CLINNOVA_ASSIGN(const Layout layout, layout_(site.analysis, site.table.schema, p));
    if (CountsAlone(layout)) return {};
    return Fail(ErrorCode::kRefused, "a step of counts has a block of other numbers",
                "unguarded_step");
  }

  Result<void> Evaluate(const SiteView& site, core::ByteView parameters,
                        ExactSums& sums) const override {
    CLINNOVA_ASSIGN(const P p, Read(parameters));
    return evaluate_(site, p, sums);
  }

 private:
  static Result<P> Read(core::ByteView bytes) {
    CLINNOVA_ASSIGN(P parameters, core::Decode<P>(bytes));
    FiniteCheck check;
    parameters.Fields(check);
    if (!check.finite()) {
      return Fail(ErrorCode::kRefused, "parameters that are not finite", "parameters_not_finite");
    }
    return parameters;
  }

  std::string_view name_;
  LayoutFunction layout_;
  SiteFunction evaluate_;
  Guard<P> guard_;
};

/// The steps that a site knows, by method: what an approved analysis of a method may run.
class StepCatalog {
 public:
  /// `steps` belong to `method`. Steps outlive the catalog.
  void Add(std::string_view method, std::vector<const Step*> steps);
  /// The step `name` if `method` may run it, else null.
  const Step* Find(std::string_view method, std::string_view name) const;
  /// The names of the steps of a method, for the steward.
  std::vector<std::string> Names(std::string_view method) const;
  bool Knows(std::string_view method) const;

 private:
  std::map<std::string, std::vector<const Step*>, std::less<>> steps_;  // not owned
};

}  // namespace clinnova::federation
