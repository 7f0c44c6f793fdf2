// SPDX-License-Identifier: Apache-2.0
#include "stats/matched_sets.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {

void MatchedSet::Add(std::span<const double> x, const Role& role) {
  persons_.push_back({values_.size(), role});
  values_.insert(values_.end(), x.begin(), x.end());
  cases_ += role.is_case ? 1 : 0;
}

void MatchedSet::Sort() {
  std::sort(persons_.begin(), persons_.end(), [&](const Person& a, const Person& b) {
    if (a.role.is_case != b.role.is_case) return a.role.is_case;
    for (std::size_t j = 0; j < covariates_; ++j) {
      const double left = values_[a.first + j];
      const double right = values_[b.first + j];
      if (left != right) return left < right;
    }
    if (a.role.offset != b.role.offset) return a.role.offset < b.role.offset;
    return a.role.weight < b.role.weight;
  });
}

namespace {

constexpr double kLn2 = 0.693147180559945309417;
constexpr int kScaleBits = 300;

/// Weighted risks e^(eta - largest eta), and covariates less those of the first person: a covariate that does not vary within
/// the set is then 0 and tells nothing, to the last bit.
struct Risks {
  double largest = 0;
  std::vector<double> eta;  ///< less the largest
  std::vector<double> risk;
  std::vector<double> x;  ///< person by person
};

Risks RisksOf(const MatchedSet& set, std::span<const double> beta) {
  const std::size_t q = set.covariates();
  Risks risks;
  const auto origin = set.x(0);
  for (std::size_t i = 0; i < set.size(); ++i) {
    double eta = set.role(i).offset;
    for (std::size_t j = 0; j < q; ++j) {
      const double centred = set.x(i)[j] - origin[j];
      risks.x.push_back(centred);
      eta += beta[j] * centred;
    }
    risks.eta.push_back(eta);
  }
  risks.largest = *std::max_element(risks.eta.begin(), risks.eta.end());
  for (std::size_t i = 0; i < set.size(); ++i) {
    risks.eta[i] -= risks.largest;
    risks.risk.push_back(set.role(i).weight * core::Exp(risks.eta[i]));
  }
  return risks;
}

/// A sum of weights with its first and second derivatives in the coefficients.
struct Sums {
  explicit Sums(std::size_t q) : first(q), second(q * (q + 1) / 2) {}
  double zero = 0;
  std::vector<double> first;
  std::vector<double> second;

  /// Adds `risk` times the product of `lower` with the person of covariates x.
  void AddProduct(double risk, const double* x, const Sums& lower) {
    zero += risk * lower.zero;
    const std::size_t q = first.size();
    std::size_t cell = 0;
    for (std::size_t i = 0; i < q; ++i) {
      first[i] += risk * (lower.first[i] + x[i] * lower.zero);
      for (std::size_t j = 0; j <= i; ++j, ++cell) {
        second[cell] += risk * (lower.second[cell] + x[i] * lower.first[j] + lower.first[i] * x[j] +
                                (x[i] * x[j]) * lower.zero);
      }
    }
  }
  void Scale(double factor) {
    zero *= factor;
    for (double& value : first) value *= factor;
    for (double& value : second) value *= factor;
  }
};

/// Takes `times` ln of phi, with its derivatives, off the likelihood.
void TakeLog(const Sums& phi, double times, SetLikelihood& at) {
  at.log_likelihood -= times * core::Log(phi.zero);
  std::size_t cell = 0;
  for (std::size_t i = 0; i < phi.first.size(); ++i) {
    const double mean = phi.first[i] / phi.zero;
    at.score[i] -= times * mean;
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      at.information[cell] +=
          times * (phi.second[cell] / phi.zero - mean * (phi.first[j] / phi.zero));
    }
  }
}

void SubtractSubsets(const MatchedSet& set, const Risks& risks, SetLikelihood& at) {
  const std::size_t q = set.covariates();
  const std::size_t cases = set.cases();
  std::vector<Sums> subsets(cases + 1, Sums(q));  // by size
  subsets[0].zero = 1;
  const double bound = std::ldexp(1.0, kScaleBits);
  int scalings = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    double largest = 0;
    // Persons before i fill sizes up to i; sizes that can no longer reach all cases do not matter.
    const std::size_t left = set.size() - 1 - i;
    const std::size_t lowest = cases > left ? cases - left : 0;
    for (std::size_t k = std::min(cases, i + 1); k >= std::max<std::size_t>(lowest, 1); --k) {
      subsets[k].AddProduct(risks.risk[i], &risks.x[i * q], subsets[k - 1]);
      largest = std::max(largest, subsets[k].zero);
    }
    if (largest <= bound) continue;
    for (Sums& sums : subsets) sums.Scale(1 / bound);
    ++scalings;
  }
  at.log_likelihood -= scalings * kScaleBits * kLn2;
  TakeLog(subsets[cases], 1, at);
}

/// Efron's steps, or Breslow's without them.
void SubtractRiskSets(const MatchedSet& set, const Risks& risks, SetTies ties, SetLikelihood& at) {
  const std::size_t q = set.covariates();
  Sums unit(q);
  unit.zero = 1;
  Sums all(q);
  Sums dying(q);
  double weight = 0;  // of the cases
  for (std::size_t i = 0; i < set.size(); ++i) {
    all.AddProduct(risks.risk[i], &risks.x[i * q], unit);
    if (!set.role(i).is_case) continue;
    dying.AddProduct(risks.risk[i], &risks.x[i * q], unit);
    weight += set.role(i).weight;
  }
  const auto cases = static_cast<double>(set.cases());
  if (ties == SetTies::kBreslow) return TakeLog(all, weight, at);
  for (std::size_t m = 0; m < set.cases(); ++m) {
    const double part = static_cast<double>(m) / cases;
    Sums phi = all;
    phi.zero -= part * dying.zero;
    for (std::size_t j = 0; j < q; ++j) phi.first[j] -= part * dying.first[j];
    for (std::size_t j = 0; j < phi.second.size(); ++j) phi.second[j] -= part * dying.second[j];
    TakeLog(phi, weight / cases, at);
  }
}

}  // namespace

SetLikelihood LikelihoodOfSet(const MatchedSet& set, std::span<const double> beta, SetTies ties) {
  const std::size_t q = set.covariates();
  SetLikelihood at;
  at.score.assign(q, 0.0);
  at.information.assign(q * (q + 1) / 2, 0.0);
  if (!set.speaks(ties)) return at;
  const Risks risks = RisksOf(set, beta);
  for (std::size_t i = 0; i < set.size(); ++i) {
    const MatchedSet::Role& role = set.role(i);
    if (!role.is_case) continue;
    at.log_likelihood += role.weight * risks.eta[i];
    for (std::size_t j = 0; j < q; ++j) at.score[j] += role.weight * risks.x[i * q + j];
  }
  if (ties == SetTies::kExact) {
    SubtractSubsets(set, risks, at);
  } else {
    SubtractRiskSets(set, risks, ties, at);
  }
  return at;
}

}  // namespace clinnova::stats
