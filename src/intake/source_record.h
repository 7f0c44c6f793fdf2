// SPDX-License-Identifier: Apache-2.0
// What every reader of a source format produces and the loader takes: one statement of the source
// about one patient, with its codes, units and dates as the source gave them. Readers translate form,
// not meaning; the loader (loader.h) resolves codes to concepts and units to canonical units.
//
//   FHIR, CSV, LDT, …  --reader-->  SourceRecord  --loader-->  OMOP CDM rows | quarantine
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

/// Where a record came from: every CDM row keeps it.
struct SourceReference {
  std::string file;        ///< name of the file as the data manager gave it
  std::uint64_t line = 0;  ///< 1-based line of a text file, entry of a bundle; 0 = not known
  std::string path;        ///< such as "Bundle.entry[3].resource" or a column's name; may be empty
};

/// A code in a code system, as the source gave it.
struct SourceCode {
  std::string
      system;  ///< canonical URI ("http://loinc.org") or a short name ("LOINC"); empty = local
  std::string code{};  ///< empty when there is only a text
  std::string display{};
  std::string version{};
};

/// A date or time with the precision that the source gave; nothing is invented.
struct SourceTime {
  enum class Precision { kYear, kMonth, kDay, kSecond };
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  Precision precision = Precision::kDay;
};

/// A number with its unit, as the source gave them.
struct SourceQuantity {
  double number = 0.0;
  std::string unit;
};

/// A value as the source gave it. "<0,6 mg/L" is number 0.6, comparator "<", unit "mg/L".
struct SourceValue {
  std::optional<double> number;
  std::string comparator;           ///< "", "<", "<=", ">", ">="
  std::string unit;                 ///< the source's spelling
  std::optional<double> low, high;  ///< limits of what is normal, in that unit
  std::optional<SourceCode> coded;  ///< a coded answer ("positive")
  std::vector<SourceQuantity>
      translations;  ///< the same value in other units, where the source has them
  std::string text;  ///< the raw text, always kept where there is one
};

enum class RecordKind {
  kPerson,
  kVisit,
  kCondition,
  kMeasurement,  ///< laboratory value, vital sign, score item: anything with a value
  kDrug,
  kProcedure,
  kObservation,  ///< everything else with a code
  kDeath,
  kConsent,
  kSpecimen,
  kDevice,     ///< the use of a device, such as an implant
  kBiomarker,  ///< a series that a device measured, as one value over a window of time
  kCareSite,   ///< where care is given: about no patient
  kProvider,   ///< who gives it: about no patient
};

/// Whether records of the kind are about a patient.
constexpr bool IsAboutAPatient(RecordKind kind) {
  return kind != RecordKind::kCareSite && kind != RecordKind::kProvider;
}

/// Whether records of the kind say that something was so on a day, and become a row and no more.
constexpr bool IsPlainEvent(RecordKind kind) {
  return kind == RecordKind::kVisit || kind == RecordKind::kCondition ||
         kind == RecordKind::kMeasurement || kind == RecordKind::kDrug ||
         kind == RecordKind::kProcedure || kind == RecordKind::kObservation;
}

struct SourceDetails;  // source_details.h

/// One statement about one patient, or about where and by whom care is given.
struct SourceRecord {
  RecordKind kind = RecordKind::kObservation;
  SourceReference source;
  std::string id;  ///< the source's own identity of this record; loading it again replaces it
  /// A measurement, an observation or a biomarker by the form of the value, which a later version may change: one of
  /// them replaces the others of the same id.
  bool kind_follows_value = false;
  std::string patient_id;  ///< the source's identity of the patient; never enters the CDM
  std::string visit_id;    ///< the source's identity of the visit, or empty

  std::string provider_id;   ///< the source's identity of who was in charge or did it, or empty
  std::string care_site_id;  ///< the source's identity of where, or empty

  // kPerson
  std::string sex;  ///< "male", "female", "other", "unknown", or the source's word
  std::optional<SourceTime> birth;
  /// Names and numbers by which the source knows a patient, a professional or a sample. The loader hides them wherever they turn
  /// up in a file's name or a quarantined text; they are not stored.
  std::vector<std::string> identity_words;

  // every other kind
  std::vector<SourceCode> codes;  ///< alternatives for one meaning, in the source's order
  std::optional<SourceTime> start;
  std::optional<SourceTime> end;
  std::optional<SourceValue> value;
  std::string status;  ///< the source's word ("final", "entered-in-error")
  /// Which reading of the record the loader needs: a visit's class ("inpatient", "outpatient",
  /// "emergency"), a drug's kind ("prescription", "administration", "statement"), a consent's
  /// purpose; empty where it does not apply.
  std::string type;
  std::optional<double> quantity;  ///< of a drug
  std::string route;
  std::string specimen_id;  ///< the source's identity of the sample that was examined, or empty
  /// What is particular to the kind; null for most records. Never changed, and so shared by the copies of a
  /// record.
  std::shared_ptr<const SourceDetails> details;

  /// As new, but keeps the memory of its texts for the next ones.
  void Clear();
};

// Member by member: to assign a new record would go through every text's general assignment.
inline void SourceRecord::Clear() {
  kind = RecordKind::kObservation;
  source.line = 0;
  kind_follows_value = false;
  for (std::string* text : {&source.file, &source.path, &id, &patient_id, &visit_id, &provider_id,
                            &care_site_id, &sex, &status, &type, &route, &specimen_id}) {
    text->clear();
  }
  birth.reset();
  identity_words.clear();
  codes.clear();
  start.reset();
  end.reset();
  value.reset();
  quantity.reset();
  details.reset();
}

/// What many records of a source say alike: all of `sample` but its line, identities, dates, number and raw text.
struct RecordPattern {
  std::size_t number = 0;  ///< of the sink's patterns, from 0
  SourceRecord sample;
};

/// A record told as a pattern and the rest: an export of a million values says the same few hundred things again and
/// again. Views texts that are valid until the call that hands it over returns.
struct PatternedRecord {
  const RecordPattern* pattern = nullptr;  ///< the sink's
  std::uint64_t line = 0;
  std::string_view id = {}, patient_id = {}, visit_id = {};
  std::optional<SourceTime> start = {}, end = {};
  /// The value's number, and `text` its raw text; none: the value is the pattern's.
  std::optional<double> number = {};
  std::string_view text = {};

  /// The same as a record of its own.
  SourceRecord Whole() const;
};

/// A record that could not be read: goes to quarantine with the reason.
struct RejectedRecord {
  SourceReference source;
  std::string kind = {};  ///< what it would have been ("measurement"), where that is known
  std::string rule;       ///< a fixed word: "csv.field_count", "fhir.truncated", "date.invalid"
  std::string message;    ///< what was found and what was expected
  std::string raw;        ///< the raw text, shortened to 4,096 bytes
};

/// Takes what a reader produces, in the order of the file. Not thread-safe.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// A cleared record, the sink's own, to fill in and hand to the very next Accept(): a reader that makes many is
  /// spared a new one's memory and the move.
  virtual SourceRecord& Blank() {
    blank_.Clear();
    return blank_;
  }
  /// May take the record's content, or leave it.
  virtual Result<void> Accept(SourceRecord&& record) = 0;
  /// For a reader that meets the same again and again: keeps a pattern for AcceptPatterned, as long as the sink lives; null
  /// when it keeps no more. Also while another thread is at work in the sink.
  virtual const RecordPattern* KeepPattern(SourceRecord sample);
  /// As Accept. A sink that knows no better takes the whole record.
  virtual Result<void> AcceptPatterned(const PatternedRecord& record) {
    return Accept(record.Whole());
  }
  /// `record.raw` must not hold a patient's name or address: it is kept for the data manager.
  virtual Result<void> Reject(RejectedRecord record) = 0;
  /// A record read and deliberately not loaded, counted by `what` ("AllergyIntolerance: not loaded").
  /// One that has a status ("entered-in-error") goes to Accept, which takes back an earlier version.
  virtual void Ignore(const SourceReference& source, const std::string& what) = 0;

 private:
  SourceRecord blank_;
  std::deque<RecordPattern> patterns_;
};

}  // namespace clinnova::intake
