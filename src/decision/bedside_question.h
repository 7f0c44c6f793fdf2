// SPDX-License-Identifier: Apache-2.0
// What a clinical system asks about one patient, and what its FHIR resources say: the readers and the resolver of
// the imports, on texts in memory.
//
//   CLINNOVA_ASSIGN(ReadQuestion read, reader.Read(question));
//   read.records;          // the patient's, resolved
//   read.unusable;         // "C-reactive protein: value.implausible: found 5000000 mg/L, …"
//   read.drafts;           // drugs that are about to be ordered
//
// Thread rule: const use from any number of threads.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "decision/patient_reader.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::decision {

/// What the clinical system sent along, each with the name under which it was asked for.
struct FhirDocument {
  std::string name;  ///< "conditions"
  std::string text;  ///< a resource or a bundle, as JSON
};

struct BedsideQuestion {
  std::string hook;        ///< "patient-view", "order-select", "order-sign"
  std::string patient_id;  ///< as the context has it
  std::vector<FhirDocument> documents;
  std::string draft_orders{};  ///< a bundle; empty: none
  std::vector<std::string>
      selections{};  ///< "MedicationRequest/1": of the drafts, those meant; empty: all
};

/// A drug that is about to be ordered.
struct DraftedDrug {
  std::string name;  ///< for people
  std::vector<std::int64_t>
      concepts;  ///< it and all above it; empty: the vocabulary does not know it
};

/// A record that says something that cannot be used.
struct UnusableRecord {
  std::string what;  ///< "C-reactive protein"
  std::string rule;  ///< "value.implausible"
  std::string message;
};

struct ReadQuestion {
  std::string patient_id;
  std::vector<intake::ReadRecord> records;
  std::vector<UnusableRecord> unusable;
  std::vector<DraftedDrug> drafts;
  bool has_consent = false;  ///< a Consent is among the records, whatever it says
  core::Hash hash{};         ///< of everything that was sent
};

class QuestionReader {
 public:
  QuestionReader();

  /// `today` as RecordResolver. kInvalidInput, with a reason: "not_fhir" (no JSON, no resource), "no_patient" (the
  /// patient of the context is not among the resources), "wrong_patient" (a record of another patient).
  Result<ReadQuestion> Read(const BedsideQuestion& question, const std::string& today) const;

 private:
  void ReadDrafts(const BedsideQuestion& question, ReadQuestion& read) const;
  std::vector<std::int64_t> WithAncestors(std::int64_t concept_id) const;

  vocabulary::Vocabulary vocabulary_;
  std::vector<std::pair<std::int64_t, std::int64_t>> ancestors_;
};

}  // namespace clinnova::decision
