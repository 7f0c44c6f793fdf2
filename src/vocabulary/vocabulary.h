// SPDX-License-Identifier: Apache-2.0
// The embedded vocabulary: concepts of rheumatoid arthritis, inflammatory bowel disease and multiple sclerosis
// (diagnoses, drugs and their classes, laboratory tests, procedures, score items, visits, sexes, units), the codes that mean them in the code systems of
// the four countries, and which concept is above which. The tables are data (src/vocabulary/data).
//
//   const Vocabulary vocabulary;
//   vocabulary.Resolve("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "M05.80")->id;   // 4035611
//   vocabulary.Descendants(vocabulary.Resolve("Clinnova", "anti-TNF")->id);          // 5 ingredients
//
// Identifiers are OMOP's where they were verified; all others are local, from 2,000,000,000 up.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vocabulary/units.h"

namespace clinnova::vocabulary {

struct Concept {
  std::int64_t id = 0;
  std::string_view name;
  std::string_view domain;      ///< OMOP: "Condition", "Drug", "Measurement", "Observation", …
  std::string_view vocabulary;  ///< OMOP's vocabulary_id, or "Clinnova"
  std::string_view concept_class;
  std::string_view standard;        ///< "S", "C" (classification: not for records) or ""
  std::string_view code;            ///< in `vocabulary`; may be empty
  std::string_view canonical_unit;  ///< UCUM; empty where the source's unit is kept
  std::optional<double> low;        ///< plausible limits, in the canonical unit
  std::optional<double> high;
};

/// A number brought to its concept's canonical unit.
struct CanonicalValue {
  double number = 0.0;
  const Unit* unit = nullptr;
};

/// Immutable after construction; any thread may use it. Pointers live as long as the object.
class Vocabulary {
 public:
  Vocabulary();

  /// Null when the concept is not in the embedded vocabulary.
  const Concept* Find(std::int64_t concept_id) const;

  /// The concept that `code` of `system` (a URI or a name, code_system.h) means; null when unknown.
  /// An unknown code of ICD-10 resolves to the nearest known one above it, at least three characters.
  const Concept* Resolve(std::string_view system, std::string_view code) const;
  /// The same without looking upwards.
  const Concept* ResolveExactly(std::string_view system, std::string_view code) const;

  /// `concept_id` and all concepts below it, in ascending order.
  std::vector<std::int64_t> Descendants(std::int64_t concept_id) const;

  /// `number` with the unit `unit` in the canonical unit of `concept`; nothing when it does not convert.
  /// Precondition: the concept has a canonical unit.
  std::optional<CanonicalValue> ToCanonical(const Concept& concept_, double number,
                                            const Unit& unit) const;

  const UnitTable& units() const { return units_; }
  const std::vector<Concept>& concepts() const { return concepts_; }
  /// (ancestor, descendant), every pair at any distance, without the concepts themselves.
  std::vector<std::pair<std::int64_t, std::int64_t>> AncestorPairs() const;

 private:
  UnitTable units_;
  std::vector<Concept> concepts_;
  std::map<std::int64_t, std::size_t> by_id_;
  std::map<std::pair<std::string, std::string>, std::int64_t> by_code_;
  std::multimap<std::int64_t, std::int64_t> below_;
  std::map<std::pair<std::int64_t, std::string>, double>
      factors_;  ///< (concept, from unit) -> factor
};

}  // namespace clinnova::vocabulary
