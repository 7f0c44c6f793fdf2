// SPDX-License-Identifier: Apache-2.0
// Observations told by patterns (source_record.h): in an export of a million nearly all say one of a few hundred things, but
// for who, when and which number. Such a one is taken in one pass over its members. Internal to the FHIR reader.
//
//   CLINNOVA_ASSIGN(const bool taken, patterns.Take(resource, context));
//   if (!taken) return ReadResource(resource, context, sink);
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "intake/fhir_resources.h"
#include "intake/known_patterns.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// Of one file. One thread at a time. Must not outlive the sink.
class FhirPatterns {
 public:
  static constexpr std::string_view kType = "Observation";

  explicit FhirPatterns(RecordSink& sink) : sink_(sink) {}

  /// Hands over what ReadResource would; false, and nothing is handed over, where the resource, an Observation, has to be read
  /// as a whole. The sink's errors are passed on.
  Result<bool> Take(simdjson::dom::element resource, const FhirContext& context);

 private:
  bool Look(simdjson::dom::element resource);
  bool TakeMember(std::string_view name, simdjson::dom::element value);
  bool TakeQuantity(simdjson::dom::element quantity);
  void AddToKey(std::string_view name, simdjson::dom::element value);
  void AddToKey(simdjson::dom::element value);
  void AddToKey(std::string_view text);
  std::optional<SourceRecord> Sample(simdjson::dom::element resource, const FhirContext& context);

  RecordSink& sink_;
  KnownPatterns known_;
  PatternedRecord record_;                        ///< the present one, but for its pattern and text
  std::optional<simdjson::dom::element> number_;  ///< of its quantity
  std::string key_;                               ///< all that its pattern says
  std::string id_, text_;
};

}  // namespace clinnova::intake
