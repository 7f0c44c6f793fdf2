// SPDX-License-Identifier: Apache-2.0
#include "table/term_list.h"

#include <algorithm>
#include <iterator>

namespace clinnova::table {
namespace {

VariableSet Join(const VariableSet& a, const VariableSet& b) {
  VariableSet joined;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(joined));
  return joined;
}

}  // namespace

void TermList::Add(const VariableSet& term) {
  if (known_.insert(term).second) terms_.push_back(term);
}

void TermList::Add(const TermList& other) {
  for (const VariableSet& term : other.terms_) Add(term);
}

void TermList::Remove(const TermList& other) {
  for (const VariableSet& term : other.terms_) known_.erase(term);
  std::erase_if(terms_, [&](const VariableSet& term) { return !known_.contains(term); });
}

TermList TermList::Interact(const TermList& left, const TermList& right) {
  TermList result;
  for (const VariableSet& a : left.terms_) {
    for (const VariableSet& b : right.terms_) result.Add(Join(a, b));
  }
  return result;
}

TermList TermList::Nest(const TermList& left, const TermList& right) {
  VariableSet all;
  for (const VariableSet& a : left.terms_) all = Join(all, a);
  TermList result;
  for (const VariableSet& b : right.terms_) result.Add(Join(all, b));
  return result;
}

void TermList::SortByOrder() {
  std::stable_sort(terms_.begin(), terms_.end(),
                   [](const VariableSet& a, const VariableSet& b) { return a.size() < b.size(); });
}

}  // namespace clinnova::table
