// SPDX-License-Identifier: Apache-2.0
// The conditional likelihood of one matched set: given how many of its persons are cases, which of them are.
//
//   MatchedSet set(covariates);  set.Add(x, {.offset = 0, .is_case = true}); …
//   set.Sort();                                    // so that the bits do not depend on the rows' order
//   const SetLikelihood at = LikelihoodOfSet(set, beta, SetTies::kExact);
//
// Exact: the sum over all subsets of as many persons as there are cases, with its derivatives, by the recursion of
// M. H. Gail, J. H. Lubin, L. V. Rubinstein, Biometrika 68 (1981); its cost is persons times cases times the square
// of the covariates. Efron's and Breslow's approximations are those of Cox's model with one time per set; only they know
// case weights, as there: a person counts `weight` times, and Efron's steps count as the cases' mean weight.
// Everything here is deterministic arithmetic.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace clinnova::stats {

enum class SetTies { kExact, kEfron, kBreslow };

/// The persons of one set: covariates (standardised), row by row, and the offsets.
class MatchedSet {
 public:
  explicit MatchedSet(std::size_t covariates) : covariates_(covariates) {}

  struct Role {
    double offset = 0;
    double weight = 1;  ///< above 0
    bool is_case = false;
  };
  void Add(std::span<const double> x, const Role& role);
  /// Cases first, then by covariates, offset and weight: persons who tie are the same in every number.
  void Sort();
  /// True when the set says something: it has cases and others.
  bool informative() const { return cases_ > 0 && cases_ < size(); }
  /// True when it is part of the likelihood: the approximations are not constant in a set of cases only either.
  bool speaks(SetTies ties) const { return ties == SetTies::kExact ? informative() : cases_ > 0; }
  std::size_t size() const { return persons_.size(); }
  std::size_t cases() const { return cases_; }
  std::size_t covariates() const { return covariates_; }
  const Role& role(std::size_t person) const { return persons_[person].role; }
  std::span<const double> x(std::size_t person) const {
    return {values_.data() + persons_[person].first, covariates_};
  }

 private:
  struct Person {
    std::size_t first;  ///< into values_
    Role role;
  };
  std::size_t covariates_;
  std::size_t cases_ = 0;
  std::vector<Person> persons_;
  std::vector<double> values_;
};

/// Not finite where it has left the doubles.
struct SetLikelihood {
  double log_likelihood = 0;
  std::vector<double> score;
  std::vector<double> information;  ///< lower triangle by rows
};
SetLikelihood LikelihoodOfSet(const MatchedSet& set, std::span<const double> beta, SetTies ties);

}  // namespace clinnova::stats
