// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/vocabulary.h"

#include <set>

#include "core/check.h"
#include "vocabulary/code_system.h"
#include "vocabulary/tab_separated.h"

namespace clinnova::embedded {
extern const std::string_view concepts;
extern const std::string_view codes;
extern const std::string_view hierarchy;
extern const std::string_view conversions;
}  // namespace clinnova::embedded

namespace clinnova::vocabulary {
namespace {

std::optional<double> OptionalNumber(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return NumberField<double>(text);
}

constexpr std::string_view kAnyIcd10 = "ICD10*";

}  // namespace

Vocabulary::Vocabulary() {
  ForEachRow(embedded::concepts, [this](const auto& f) {
    CLINNOVA_CHECK(f.size() == 10);
    const auto id = NumberField<std::int64_t>(f[0]);
    CLINNOVA_CHECK(by_id_.emplace(id, concepts_.size()).second);
    concepts_.push_back(
        {id, f[1], f[2], f[3], f[4], f[5], f[6], f[7], OptionalNumber(f[8]), OptionalNumber(f[9])});
    CLINNOVA_CHECK(f[7].empty() || units_.Find(f[7]) != nullptr);
  });
  ForEachRow(embedded::codes, [this](const auto& f) {
    CLINNOVA_CHECK(f.size() == 3);
    const auto id = NumberField<std::int64_t>(f[2]);
    CLINNOVA_CHECK(by_id_.contains(id));
    by_code_.emplace(std::pair(std::string(f[0]), NormalCode(f[0], f[1])), id);
  });
  ForEachRow(embedded::hierarchy, [this](const auto& f) {
    CLINNOVA_CHECK(f.size() == 2);
    below_.emplace(NumberField<std::int64_t>(f[0]), NumberField<std::int64_t>(f[1]));
  });
  ForEachRow(embedded::conversions, [this](const auto& f) {
    CLINNOVA_CHECK(f.size() == 4);
    const auto id = NumberField<std::int64_t>(f[0]);
    CLINNOVA_CHECK(concepts_[by_id_.at(id)].canonical_unit == f[2]);
    factors_.emplace(std::pair(id, std::string(f[1])), NumberField<double>(f[3]));
  });
}

const Concept* Vocabulary::Find(std::int64_t concept_id) const {
  const auto found = by_id_.find(concept_id);
  return found == by_id_.end() ? nullptr : &concepts_[found->second];
}

const Concept* Vocabulary::Resolve(std::string_view system, std::string_view code) const {
  std::string name = CodeSystemName(system);
  std::string key = NormalCode(name, code);
  const bool icd10 = IsIcd10(name);
  if (icd10) name = kAnyIcd10;
  for (;;) {
    const auto found = by_code_.find({name, key});
    if (found != by_code_.end()) return Find(found->second);
    if (!icd10 || key.size() <= 3) return nullptr;
    key.pop_back();
  }
}

const Concept* Vocabulary::ResolveExactly(std::string_view system, std::string_view code) const {
  const std::string name = CodeSystemName(system);
  const auto found =
      by_code_.find({IsIcd10(name) ? std::string(kAnyIcd10) : name, NormalCode(name, code)});
  return found == by_code_.end() ? nullptr : Find(found->second);
}

std::vector<std::int64_t> Vocabulary::Descendants(std::int64_t concept_id) const {
  std::set<std::int64_t> found{concept_id};
  std::vector<std::int64_t> open{concept_id};
  while (!open.empty()) {
    const auto [first, last] = below_.equal_range(open.back());
    open.pop_back();
    for (auto it = first; it != last; ++it) {
      if (found.insert(it->second).second) open.push_back(it->second);
    }
  }
  return {found.begin(), found.end()};
}

std::optional<CanonicalValue> Vocabulary::ToCanonical(const Concept& concept_, double number,
                                                      const Unit& unit) const {
  const Unit* canonical = units_.Find(concept_.canonical_unit);
  CLINNOVA_CHECK(canonical != nullptr);
  if (const auto same = units_.Convert(number, unit, *canonical)) {
    return CanonicalValue{*same, canonical};
  }
  for (const auto& [key, factor] : factors_) {
    if (key.first != concept_.id) continue;
    // Through the unit the factor is given for: g/L of creatinine first becomes mg/dL.
    const auto bridged = units_.Convert(number, unit, *units_.Find(key.second));
    if (bridged) return CanonicalValue{*bridged * factor, canonical};
  }
  return std::nullopt;
}

std::vector<std::pair<std::int64_t, std::int64_t>> Vocabulary::AncestorPairs() const {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (const Concept& concept_ : concepts_) {
    for (const std::int64_t descendant : Descendants(concept_.id)) {
      if (descendant != concept_.id) pairs.emplace_back(concept_.id, descendant);
    }
  }
  return pairs;
}

}  // namespace clinnova::vocabulary
