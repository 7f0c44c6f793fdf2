// SPDX-License-Identifier: Apache-2.0
#include "stats/outcome_likelihood.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "table/design.h"

namespace clinnova::stats {

using federation::SiteView;
using table::DesignBatch;
using table::kBatchRows;

namespace {

/// A row's log-likelihood in its linear predictor, the mean and the mean's slope.
struct RowLikelihood {
  double value = 0;
  double mean = 0;
  double slope = 0;
};

RowLikelihood RowOf(Family family, double y, double eta) {
  if (family == Family::kPoisson) {
    const double mean = core::Exp(eta);
    return {y * eta - mean, mean, mean};
  }
  const double odds = core::Exp(-std::fabs(eta));  // of the less likely outcome
  const double less = odds / (1 + odds);
  return {y * eta - std::max(eta, 0.0) - core::Log1p(odds), eta > 0 ? 1 - less : less,
          less / (1 + odds)};
}

}  // namespace

bool OwnOutcomes::Tell() const {
  return events > 0 && (family == Family::kPoisson || events < static_cast<double>(y.size()));
}

Result<OwnOutcomes> OwnOutcomesOf(const SiteView& site, const SiteFrame& frame,
                                  const FrameClaim& claim, Family family) {
  const GlmFamily canonical{.family = family,
                            .link = family == Family::kPoisson ? Link::kLog : Link::kLogit};
  const std::size_t p = frame.design.names().size();
  std::vector<std::vector<double>> rows;  // y, offset, x
  DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += kBatchRows) {
    frame.design.Evaluate(site.table, first, std::min(kBatchRows, site.table.rows - first), batch);
    Standardise(claim, batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      std::vector<double>& row = rows.emplace_back();
      row = {batch.response[0][r], batch.offset[r]};
      if (!ValidResponse(canonical, row[0]))
        return Fail(ErrorCode::kInvalidInput, "an outcome that the family does not have");
      for (std::size_t j = 0; j < p; ++j) row.push_back(batch.x[j * kBatchRows + r]);
    }
  }
  std::sort(rows.begin(), rows.end());
  OwnOutcomes own;
  own.family = family;
  own.p = p;
  for (const std::vector<double>& row : rows) {
    own.y.push_back(row[0]);
    own.events += row[0];
    own.offsets.push_back(row[1]);
    own.x.insert(own.x.end(), row.begin() + 2, row.end());
  }
  return own;
}

std::optional<PartialLikelihood> OutcomeLikelihood(const OwnOutcomes& own,
                                                   const std::vector<double>& beta) {
  const std::size_t p = own.p;
  long double value = 0;
  std::vector<long double> score(p);
  std::vector<long double> information(p * (p + 1) / 2);
  for (std::size_t r = 0; r < own.y.size(); ++r) {
    const double* x = own.x.data() + r * p;
    double eta = own.offsets[r];
    for (std::size_t j = 0; j < p; ++j) eta += beta[j] * x[j];
    const RowLikelihood row = RowOf(own.family, own.y[r], eta);
    value += row.value;
    std::size_t cell = 0;
    for (std::size_t i = 0; i < p; ++i) {
      score[i] += (own.y[r] - row.mean) * x[i];
      for (std::size_t j = 0; j <= i; ++j, ++cell) information[cell] += row.slope * x[i] * x[j];
    }
  }
  if (!std::isfinite(static_cast<double>(value))) return std::nullopt;
  PartialLikelihood likelihood;
  likelihood.log_likelihood = static_cast<double>(value);
  likelihood.score.assign(score.begin(), score.end());
  likelihood.information.assign(information.begin(), information.end());
  likelihood.events = own.events;
  return likelihood;
}

}  // namespace clinnova::stats
