// SPDX-License-Identifier: Apache-2.0
// The algebra of model terms: Wilkinson and Rogers (1973), in the order and with the rules of R's
// terms.formula.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

namespace clinnova::table {

/// A term: the indices of its variables, ascending, each once.
using VariableSet = std::vector<int>;

/// Terms in order of first appearance, each once.
class TermList {
 public:
  TermList() = default;
  explicit TermList(int variable) { Add(VariableSet{variable}); }

  const std::vector<VariableSet>& terms() const { return terms_; }
  bool empty() const { return terms_.empty(); }

  void Add(const VariableSet& term);
  void Add(const TermList& other);
  void Remove(const TermList& other);

  /// Every term of `left` joined with every term of `right`: a:b.
  static TermList Interact(const TermList& left, const TermList& right);
  /// All variables of `left` joined with every term of `right`: what a/b adds to a.
  static TermList Nest(const TermList& left, const TermList& right);

  /// Main effects before interactions, by order; stable.
  void SortByOrder();

 private:
  std::vector<VariableSet> terms_;
  std::set<VariableSet> known_;
};

}  // namespace clinnova::table
