// SPDX-License-Identifier: Apache-2.0
// A rule that can be read: the tree of at most two questions, one below the other, whose leaves name a drug, with the
// largest sum of AIPW scores Gamma of the drug that each person's leaf names. Found by trying all of them:
//
//   CRP <= 12.3 and age > 60: JAK
//
// Sums of scores by drug of each bin of a column, and of each pair of bins of two columns, are enough: below a first
// question about one column each side's best second question is about another, whatever the other side asks. They are
// compared as the integers that sites sent, so that ties are ties. Of equal trees the first counts, in this order: no
// question before one; columns as the covariates have them; cuts rising, levels as the schema has them; what is missing
// goes right before left; drugs as the report has them.
// Sources: Z. Zhou, S. Athey, S. Wager, Oper. Res. 71 (2023); S. Athey, S. Wager, Econometrica 89 (2021); R's
// policytree does the same on one table.
//
// Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/layout.h"
#include "learn/choice_policy_cells.h"
#include "learn/tree.h"

namespace clinnova::learn {

/// What a tree is learned from: sums over the persons of some folds.
struct PolicySums {
  std::vector<federation::Int128> scores{};  ///< by group of cells and arm, towards the better
  std::vector<std::int64_t> persons{};       ///< by group
  std::vector<std::int64_t> sites{};         ///< by group, at least
};

/// The search, for one study's features and groups of cells. Thread rule: const after construction.
class PolicySearch {
 public:
  /// References are not owned and outlive this. `missing`: by feature, whether anybody lacks it.
  PolicySearch(const std::vector<Feature>& features, const PolicyCells& cells,
               const std::vector<PolicyGroups>& groups, const PolicyGrouping& grouping,
               const std::vector<bool>& missing, std::size_t arms);

  /// The best tree of at most `depth` questions below each other, with `least` persons in each leaf. A leaf's value is the
  /// number of its arm; nodes have their persons, and at how many sites such are at least.
  Tree Find(const PolicySums& sums, std::int64_t depth, std::int64_t least) const;

 private:
  struct Side;
  struct Part;
  /// A question, and to which side each of a plane's groups of the feature's bins goes.
  struct Question {
    Split split;
    std::vector<std::uint8_t> left{};  ///< by bin
  };

  void AddQuestions(const Feature& feature, bool missing, const std::vector<std::int64_t>& groups,
                    std::vector<Question>& questions) const;
  bool Goes(const Question& question, const std::vector<std::int64_t>& groups,
            std::vector<std::uint8_t>& left) const;
  Side SideOf(const PolicySums& sums, const Question& question, std::size_t feature,
              bool left) const;
  void Ask(const PolicySums& sums, const Question& first, std::size_t feature, bool left,
           std::size_t other, std::int64_t least, Side& side) const;

  const std::vector<Feature>& features_;
  const PolicyCells& cells_;
  const std::vector<PolicyGroups>& groups_;
  const PolicyGrouping& grouping_;
  std::size_t arms_;
  std::vector<std::vector<Question>> questions_{};  ///< by feature
};

/// A leaf in words.
struct PolicyLeaf {
  std::string when;  ///< "crp <= 12.3 and sex is F"; "everybody"
  std::size_t arm = 0;
  std::int64_t persons = 0;
};
/// The leaves from left to right. `missing`: by feature, whether anybody lacks it.
std::vector<PolicyLeaf> LeavesOf(const Tree& tree, const std::vector<Feature>& features,
                                 const table::Schema& schema, const std::vector<bool>& missing);

}  // namespace clinnova::learn
