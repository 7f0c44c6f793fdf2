// SPDX-License-Identifier: Apache-2.0
// A site's rows as the estimators of treatment effects see them: propensities, weights and what they change by,
// outcome models, arm by arm. Deterministic arithmetic, row by row.
//
// With e_a(x) the propensity of arm a (multinomial logit, the first arm the reference), a person of arm a has the
// weight u_a = h / e_a, where h is 1 (ATE), e of the treated (ATT) or 1 / sum_b (1 / e_b) (overlap). Its derivative
// in the linear predictor of arm c >= 1 is u_a (t_c - [a = c]), with t_c = e_c, [c = treated] and u_c.
// Sources: F. Li, K. L. Morgan, A. M. Zaslavsky, JASA 113 (2018); F. Li, F. Li, Ann. Appl. Stat. 13 (2019).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "federation/step.h"
#include "stats/effect_options.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// What is estimated before the means: standardised scale, by arm, `columns` numbers each.
struct EffectModels {
  bool binary = false;          ///< outcome models are logistic, otherwise linear
  std::vector<double> gamma;    ///< propensity: arms 1…; empty where it is not needed
  std::vector<double> beta;     ///< outcome: arms 0…; empty where they are not needed
  std::vector<double> epsilon;  ///< tmle: coefficients of the clever covariates; empty otherwise

  template <class A>
  void Fields(A& a) {
    a(binary);
    a(gamma);
    a(beta);
    a(epsilon);
  }
};

/// One batch of complete cases; entry [a][r] is of arm a and row r.
struct EffectBatch {
  using ByArm = std::vector<std::vector<double>>;
  table::DesignBatch design;  ///< standardised
  ByArm propensity;
  ByArm weight;                ///< u_a
  ByArm slope;                 ///< t_c
  ByArm fitted;                ///< q_a
  ByArm mean;                  ///< q_a, of tmle the fluctuated one
  ByArm mean_slope;            ///< derivative of `mean` in its linear predictor
  std::vector<double> log_e;   ///< ln of the own arm's propensity
  std::vector<double> kept;    ///< 0 for rows that are trimmed, else 1
  std::vector<double> buffer;  ///< for the weights of one sum

  const std::vector<std::int32_t>& arm() const { return design.strata.front(); }
  const std::vector<double>& y() const { return design.response.front(); }
  std::size_t rows() const { return design.rows; }
};

/// A site's reader of batches for one analysis. kRefused when models do not fit the design or the arms are too
/// small for them (`too_many_parameters`).
class EffectRows {
 public:
  static Result<EffectRows> Create(const federation::SiteView& site, const FrameClaim& claim,
                                   const EffectModels& models);

  const EffectOptions& options() const { return options_; }
  std::size_t arms() const { return arms_; }
  std::size_t columns() const { return claim_->center.size(); }
  std::size_t focal() const { return focal_; }
  const EffectModels& models() const { return *models_; }

  /// Reads rows [first, first + count): design, propensities and weights, outcome models.
  void Read(std::size_t first, std::size_t count, EffectBatch& batch) const;

  /// 1 for rows that the means are about: all, or those of the focal arm; 0 for trimmed ones.
  double Member(const EffectBatch& batch, std::size_t row) const;

 private:
  EffectRows() = default;
  void ReadPropensities(EffectBatch& batch) const;
  void ReadWeights(EffectBatch& batch) const;
  void ReadMeans(EffectBatch& batch) const;

  const table::Table* table_ = nullptr;     // not owned, outlives this
  std::shared_ptr<const SiteFrame> frame_;  // shared with the site's cache
  const FrameClaim* claim_ = nullptr;       // not owned, outlives this
  const EffectModels* models_ = nullptr;    // not owned, outlives this
  EffectOptions options_;
  std::size_t arms_ = 0;
  std::size_t focal_ = 0;
};

/// Rule 2 for models of which each arm has its own: at most a third as many parameters as persons of the arm, and
/// 10 degrees of freedom. `claim` and `design` say how many persons each arm has.
Result<void> CheckArms(const EffectOptions& options, const FrameClaim& claim,
                       const table::Design& design, int minimum_count);

/// The guard of effect steps: the rules on the frame, and rule 2 in each arm.
struct EffectGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules(); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    CLINNOVA_ASSIGN(const auto frame, SiteFrameOf(site, parameters.claim));
    CLINNOVA_ASSIGN(const EffectOptions options, EffectOptionsOf(site.analysis));
    return CheckArms(options, parameters.claim, frame->design, site.minimum_count);
  }
};

/// How many arms there are: levels in use of the treatment, as the claim has them.
Result<std::size_t> ArmsOf(const federation::Analysis& analysis, const table::Schema& schema,
                           const FrameClaim& claim);

/// Persons per arm, of the claim.
std::vector<std::int64_t> ArmCounts(const FrameClaim& claim, const table::Design& design);

/// result[r] += sum over j of coefficients[first + j] * x[r, j].
void AddLinearPredictor(const std::vector<double>& coefficients, std::size_t first,
                        const table::DesignBatch& design, std::size_t columns, double* result);

}  // namespace clinnova::stats
