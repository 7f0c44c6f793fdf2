// SPDX-License-Identifier: Apache-2.0
#include "stats/fine_gray_steps.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/deterministic_math.h"
#include "stats/cox_rows.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;

namespace {

constexpr std::size_t kLargestNumbers = 50'000'000;

/// A row as the model sees it.
struct Person {
  std::size_t place = 0;    ///< on the axis
  std::size_t through = 0;  ///< event times at which the person is at risk: [0, through)
  bool event = false;       ///< of the cause
  bool other = false;
  double risk = 0;        ///< e^(x'beta)
  double other_risk = 0;  ///< e^(x'beta) / G
};

/// kRefused when a time is off the axis.
Result<Person> PersonOf(const FineGrayParameters& parameters, const DesignBatch& batch,
                        std::size_t row, const std::vector<double>& x) {
  Person person;
  person.place = parameters.axis.IndexOf(batch.response[0][row]);
  if (person.place == parameters.axis.size())
    return Fail(ErrorCode::kRefused, "a time off the hub's axis", "time_off_axis");
  const auto status = static_cast<std::int64_t>(batch.response[1][row]);
  person.event = status == parameters.cause;
  person.other = status != 0 && !person.event;
  const auto& events = parameters.events;
  person.through = static_cast<std::size_t>(
      std::upper_bound(events.begin(), events.end(), person.place) - events.begin());
  if (person.event && (person.through == 0 || events[person.through - 1] != person.place))
    return Fail(ErrorCode::kRefused, "an event off the hub's times", "time_off_axis");
  person.risk = core::Exp(LinearPredictor(batch, row, x, parameters.beta));
  if (person.other) person.other_risk = person.risk / parameters.censoring[person.place];
  return person;
}

Result<void> CheckParameters(const SiteFrame& frame, const FineGrayParameters& parameters) {
  const std::size_t size = parameters.axis.size();
  const bool ascending = std::is_sorted(parameters.events.begin(), parameters.events.end());
  const bool within = parameters.events.empty() || parameters.events.back() < size;
  const bool positive = std::all_of(parameters.censoring.begin(), parameters.censoring.end(),
                                    [](double g) { return g >= 0 && g <= 1; });
  if (parameters.beta.size() + 1 != frame.design.names().size() ||
      parameters.censoring.size() != size || !ascending || !within || !positive ||
      std::llabs(parameters.risk_exponent) > 200 || std::llabs(parameters.other_exponent) > 200 ||
      std::llabs(parameters.size_exponent) > 200) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the design", "wrong_layout");
  }
  return {};
}

/// Calls use(person, x) for every complete case; the first error ends it.
template <typename Use>
Result<void> ForEachPerson(const SiteView& site, const FineGrayParameters& parameters, Use use) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckParameters(*frame, parameters));
  Result<void> outcome;
  ForEachRow(site, *frame, parameters.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               if (!outcome) return;
               const Result<Person> person = PersonOf(parameters, batch, r, x);
               if (!person) {
                 outcome = Fail(person);
                 return;
               }
               use(*person, x, batch.offset[r]);
             });
  return outcome;
}

Result<Layout> RiskLayout(const Analysis&, const table::Schema&,
                          const FineGrayParameters& parameters) {
  const std::size_t p = parameters.beta.size();
  const std::size_t cells = parameters.events.size();
  if (cells * (p + 1) * (p + 2) > kLargestNumbers) {
    return Fail(ErrorCode::kFailed, "too many event times for the risk sets' sums; set time_grid",
                "too_large");
  }
  const int size = static_cast<int>(parameters.size_exponent);
  const int risk = static_cast<int>(parameters.risk_exponent);
  const int other = static_cast<int>(parameters.other_exponent);
  const std::size_t second = cells * p * (p + 1) / 2;
  return Layout{
      {ScaledBlock("exposed0", cells, risk), ScaledBlock("exposed1", cells * p, risk + size),
       ScaledBlock("exposed2", second, risk + 2 * size), ScaledBlock("other0", cells, other),
       ScaledBlock("other1", cells * p, other + size),
       ScaledBlock("other2", second, other + 2 * size), WideBlock("total", 1 + p)}};
}

Result<void> RiskEvaluate(const SiteView& site, const FineGrayParameters& parameters,
                          ExactSums& sums) {
  return ForEachPerson(
      site, parameters, [&](const Person& person, const std::vector<double>& x, double offset) {
        if (person.through > 0)
          sums.AddMoments({kExposed0, kExposed1, kExposed2}, person.through - 1, x, person.risk);
        if (person.other && person.through < parameters.events.size())
          sums.AddMoments({kOther0, kOther1, kOther2}, person.through, x, person.other_risk);
        if (!person.event) return;
        double eta = offset;
        for (std::size_t j = 0; j < x.size(); ++j) {
          eta += parameters.beta[j] * x[j];
          sums.Add(kCauseTotal, 1 + j, x[j]);
        }
        sums.Add(kCauseTotal, 0, eta);
      });
}

Result<Layout> OtherLayout(const Analysis&, const table::Schema&,
                           const FineGrayParameters& parameters) {
  const std::size_t p = parameters.beta.size();
  const std::size_t cells = parameters.axis.size();
  if (cells * (p + 1) > kLargestNumbers)
    return Fail(ErrorCode::kFailed, "too many times; set time_grid", "too_large");
  const int other = static_cast<int>(parameters.other_exponent);
  return Layout{
      {ScaledBlock("other0", cells, other),
       ScaledBlock("other1", cells * p, other + static_cast<int>(parameters.size_exponent))}};
}

Result<void> OtherEvaluate(const SiteView& site, const FineGrayParameters& parameters,
                           ExactSums& sums) {
  return ForEachPerson(site, parameters,
                       [&](const Person& person, const std::vector<double>& x, double) {
                         if (!person.other) return;
                         sums.Add(0, person.place, person.other_risk);
                         for (std::size_t j = 0; j < x.size(); ++j)
                           sums.Add(1, person.place * x.size() + j, person.other_risk * x[j]);
                       });
}

Result<Layout> MeatLayout(const Analysis&, const table::Schema&,
                          const FineGrayMeatParameters& parameters) {
  const std::size_t p = parameters.model.beta.size();
  return Layout{{WideBlock("meat", p * (p + 1) / 2)}};
}

/// eta + psi of a person.
void Residual(const FineGrayPath& path, const Person& person, const std::vector<double>& x,
              std::size_t event_times, std::vector<double>& out) {
  const std::size_t p = x.size();
  for (std::size_t j = 0; j < p; ++j) {
    out[j] = path.censoring_drift[person.place * p + j];
    if (!person.event && !person.other) out[j] += path.censoring_jump[person.place * p + j];
    if (person.through > 0) {
      const std::size_t cell = person.through - 1;
      out[j] -= person.risk * (x[j] * path.hazard[cell] - path.hazard_mean[cell * p + j]);
      if (person.event) out[j] += x[j] - path.mean[cell * p + j];
    }
    if (person.other && person.through < event_times) {
      const std::size_t cell = person.through;
      out[j] -= person.other_risk *
                (x[j] * path.later_hazard[cell] - path.later_hazard_mean[cell * p + j]);
    }
  }
}

Result<void> MeatEvaluate(const SiteView& site, const FineGrayMeatParameters& parameters,
                          ExactSums& sums) {
  const std::size_t p = parameters.model.beta.size();
  const std::size_t events = parameters.model.events.size();
  const std::size_t places = parameters.model.axis.size();
  const FineGrayPath& path = parameters.path;
  if (path.hazard.size() != events || path.later_hazard.size() != events ||
      path.hazard_mean.size() != events * p || path.later_hazard_mean.size() != events * p ||
      path.mean.size() != events * p || path.censoring_drift.size() != places * p ||
      path.censoring_jump.size() != places * p) {
    return Fail(ErrorCode::kRefused, "hazards that do not fit the times", "wrong_layout");
  }
  std::vector<double> residual(p);
  return ForEachPerson(site, parameters.model,
                       [&](const Person& person, const std::vector<double>& x, double) {
                         Residual(path, person, x, events, residual);
                         std::size_t at = 0;
                         for (std::size_t i = 0; i < p; ++i) {
                           for (std::size_t j = 0; j <= i; ++j, ++at)
                             sums.Add(0, at, residual[i] * residual[j]);
                         }
                       });
}

}  // namespace

Result<void> HoldFineGray(const SiteView& site, const FineGrayParameters& parameters) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckParameters(*frame, parameters));
  return HoldExits(site, *frame, parameters.claim, {parameters.axis});
}

const federation::TypedStep<FineGrayParameters> kFineGrayStep{"competing.risk_sets", RiskLayout,
                                                              RiskEvaluate, FineGrayGuard{}};
const federation::TypedStep<FineGrayParameters> kFineGrayOtherStep{
    "competing.other_events", OtherLayout, OtherEvaluate, FineGrayGuard{}};
const federation::TypedStep<FineGrayMeatParameters> kFineGrayMeatStep{
    "competing.meat", MeatLayout, MeatEvaluate, FineGrayGuard{}};

}  // namespace clinnova::stats
