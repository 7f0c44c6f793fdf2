// SPDX-License-Identifier: Apache-2.0
#include "decision/bedside_question.h"

#include <algorithm>
#include <array>

#include "intake/fhir_reader.h"
#include "intake/record_stage.h"

namespace clinnova::decision {
namespace {

class Gathered final : public intake::RecordSink {
 public:
  Result<void> Accept(intake::SourceRecord&& record) override {
    records.push_back(std::move(record));
    return {};
  }
  Result<void> Reject(intake::RejectedRecord record) override {
    rejected.push_back(std::move(record));
    return {};
  }
  void Ignore(const intake::SourceReference&, const std::string&) override {}

  std::vector<intake::SourceRecord> records;
  std::vector<intake::RejectedRecord> rejected;
};

std::string NameOf(const intake::SourceRecord& record, const vocabulary::Vocabulary& vocabulary) {
  for (const intake::SourceCode& code : record.codes) {
    const auto* known = vocabulary.Resolve(code.system, code.code);
    if (known != nullptr) return std::string(known->name);
  }
  for (const intake::SourceCode& code : record.codes) {
    if (!code.code.empty()) return code.system + " " + code.code;
  }
  return std::string(intake::KindName(record.kind));
}

/// Whether features read records of the kind: what is wrong with another one does not matter here.
bool IsReadByFeatures(std::string_view kind) {
  using enum intake::RecordKind;
  return std::ranges::none_of(
      std::array{kSpecimen, kDevice, kBiomarker, kCareSite, kProvider},
      [&](intake::RecordKind other) { return intake::KindName(other) == kind; });
}

tl::unexpected<Error> NotFhir(const std::string& message) {
  return Fail(ErrorCode::kInvalidInput, message, "not_fhir");
}

/// An error text of ours holds at most numbers and codes of the record, never the raw text.
Result<void> CheckRejected(const Gathered& gathered) {
  for (const auto& record : gathered.rejected) {
    if (record.rule != "fhir.resource_type") continue;
    return NotFhir(record.source.file + ": " + record.message);
  }
  return {};
}

}  // namespace

QuestionReader::QuestionReader() : ancestors_(vocabulary_.AncestorPairs()) {}

std::vector<std::int64_t> QuestionReader::WithAncestors(std::int64_t concept_id) const {
  std::vector<std::int64_t> concepts = {concept_id};
  for (const auto& [above, below] : ancestors_) {
    if (below == concept_id) concepts.push_back(above);
  }
  return concepts;
}

void QuestionReader::ReadDrafts(const BedsideQuestion& question, ReadQuestion& read) const {
  Gathered gathered;
  intake::FhirReader reader(gathered);
  if (!reader.ReadText(question.draft_orders, "context.draftOrders")) return;
  for (const intake::SourceRecord& record : gathered.records) {
    if (record.kind != intake::RecordKind::kDrug) continue;
    const auto meant = [&](const std::string& selection) {
      return selection == record.id || record.id.ends_with("/" + selection);
    };
    if (!question.selections.empty() && std::ranges::none_of(question.selections, meant)) continue;
    DraftedDrug draft{.name = NameOf(record, vocabulary_), .concepts = {}};
    for (const intake::SourceCode& code : record.codes) {
      const auto* known = vocabulary_.Resolve(code.system, code.code);
      if (known == nullptr) continue;
      draft.concepts = WithAncestors(known->id);
      break;
    }
    read.drafts.push_back(std::move(draft));
  }
}

Result<ReadQuestion> QuestionReader::Read(const BedsideQuestion& question,
                                          const std::string& today) const {
  Gathered gathered;
  intake::FhirReader reader(gathered);
  std::string everything = question.hook + "\n" + question.draft_orders;
  for (const FhirDocument& document : question.documents) {
    if (auto done = reader.ReadText(document.text, "prefetch." + document.name); !done) {
      return NotFhir(done.error().message);
    }
    everything += "\n" + document.name + "\n" + document.text;
  }
  CLINNOVA_TRY(CheckRejected(gathered));
  ReadQuestion read;
  read.hash = core::Blake2b(everything);
  const std::size_t slash = question.patient_id.rfind('/');
  read.patient_id =
      slash == std::string::npos ? question.patient_id : question.patient_id.substr(slash + 1);
  const intake::RecordResolver resolver(vocabulary_, today);
  bool there = false;
  for (const intake::SourceRecord& record : gathered.records) {
    if (!intake::IsAboutAPatient(record.kind)) continue;
    if (record.patient_id != read.patient_id) {
      return Fail(ErrorCode::kInvalidInput,
                  record.source.file + ": found a record of another patient than the context's",
                  "wrong_patient");
    }
    if (!IsReadByFeatures(intake::KindName(record.kind))) continue;
    there = there || record.kind == intake::RecordKind::kPerson;
    read.has_consent = read.has_consent || record.kind == intake::RecordKind::kConsent;
    intake::ResolvedRecord resolved = resolver.Resolve(record);
    const auto* rejection = std::get_if<intake::Rejection>(&resolved);
    if (rejection != nullptr && !intake::SaysItIsNotTrue(record)) {
      read.unusable.push_back({NameOf(record, vocabulary_), rejection->rule, rejection->message});
    }
    read.records.push_back({record, std::move(resolved)});
  }
  for (const auto& record : gathered.rejected) {
    if (!IsReadByFeatures(record.kind)) continue;
    read.unusable.push_back({record.kind, record.rule, record.message});
  }
  if (!there) {
    return Fail(ErrorCode::kInvalidInput,
                "prefetch.patient: found no Patient with the id of the context", "no_patient");
  }
  if (!question.draft_orders.empty()) ReadDrafts(question, read);
  return read;
}

}  // namespace clinnova::decision
