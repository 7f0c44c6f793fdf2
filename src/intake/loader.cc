// SPDX-License-Identifier: Apache-2.0
#include "intake/loader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/utc_time.h"
#include "intake/detail_stage.h"
#include "intake/detail_statements.h"
#include "intake/identity_guard.h"
#include "intake/load_statements.h"
#include "intake/outside_pseudonyms.h"
#include "intake/pattern_stage.h"
#include "intake/place_stage.h"
#include "intake/record_resolver.h"
#include "intake/record_stage.h"
#include "intake/site_concepts.h"
#include "intake/store_key.h"
#include "store/row_removal.h"
#include "vocabulary/code_system.h"

namespace clinnova::intake {
namespace {

using core::Database;
using core::SqlAppender;
using core::SqlValue;

/// How much of an unmapped code's name the report keeps.
constexpr std::size_t kDisplayLimit = 80;
constexpr std::size_t kRecordKinds = static_cast<std::size_t>(RecordKind::kProvider) + 1;

}  // namespace

struct Loader::State {
  Database& database;  // not owned, outlives the loader
  const PseudonymKey& key;
  vocabulary::Vocabulary vocabulary;
  std::optional<SiteConcepts> concepts;
  std::optional<RecordResolver> resolver;
  IdentityGuard guard;
  ImportReport report;
  std::array<ImportCounts*, kRecordKinds> counts{};  ///< of `report`, by kind; null = none yet
  std::optional<RecordStage> stage;
  std::optional<PatternStage> patterns;
  std::optional<DetailStage> details;
  std::optional<PlaceStage> places;
  const PseudonymList* list;  // not owned, outlives the loader; null: keyed pseudonyms
  std::int64_t rows_at_a_time;
  std::optional<OutsidePseudonyms> outside;
  std::map<std::tuple<std::string, std::string, std::string>, std::pair<std::string, std::int64_t>>
      unmapped;  ///< (kind, system, code) -> (display, count)
  std::vector<ImportedFile> files;
  std::string last_patient;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  store::RowRemoval removal;
  bool has_earlier = false;  ///< the store has rows of earlier imports
  std::int64_t threads = 0;  ///< DuckDB's, while it has one: until everything is staged
  bool open = false;

  State(Database& d, const PseudonymKey& k, const Options& options)
      : database(d),
        key(k),
        list(options.pseudonyms),
        rows_at_a_time(options.rows_at_a_time),
        removal(d, options.runs_with_room) {}

  Result<void> Begin(std::string_view today);
  Result<void> BeginStaging();
  Result<void> BeginList();
  Result<void> EndStaging();
  ImportCounts& Counts(RecordKind kind);
  void AddPatient(std::string_view patient_id);
  void CountUnmapped(const SourceRecord& record);
  Result<void> TakePlace(const SourceRecord& record);
  Result<void> CheckKey();
  Result<void> HideIdentities();
  Result<void> HideInColumn(const char* table, const char* column, const char* where);
  Result<void> StageFiles();
  Result<void> FindContested();
  Result<void> CountLoaded();
  Result<void> CountInto(std::string_view sql, std::int64_t ImportCounts::* field);
  Result<void> RememberUnmapped();
  Result<void> WriteReport();
  Result<void> Remove(std::span<const EarlierRows> tables);
  Result<void> ReplaceRows();
  Result<void> MoveEverything();
};

Result<void> Loader::State::CheckKey() {
  CLINNOVA_ASSIGN(const std::string fingerprint, StoreFingerprint(database));
  if (fingerprint.empty()) {
    CLINNOVA_TRY(database.Query("INSERT INTO clinnova.pseudonym_key VALUES (?, now()::TIMESTAMP)",
                                {key.Fingerprint()}));
    return {};
  }
  if (fingerprint == key.Fingerprint()) return {};
  return Fail(ErrorCode::kInvalidInput, "key file: found key " + key.Fingerprint() +
                                            ", the store's pseudonyms were made with key " +
                                            fingerprint);
}

Result<void> Loader::State::Begin(std::string_view today) {
  CLINNOVA_ASSIGN(concepts, SiteConcepts::Open(vocabulary, database));
  resolver.emplace(vocabulary, today, &*concepts);
  return BeginStaging();
}

Result<void> Loader::State::BeginStaging() {
  CLINNOVA_TRY(database.Execute("BEGIN"));
  open = true;
  CLINNOVA_TRY(CheckKey());
  CLINNOVA_ASSIGN(const std::int64_t rows,
                  database.QueryInt64("SELECT count(*) FROM clinnova.provenance"));
  has_earlier = rows > 0;
  // With more, the thread that appends polls while another one inserts what it appended.
  CLINNOVA_ASSIGN(threads, database.SetThreads(1));
  CLINNOVA_TRY(database.Execute(kCreateStaging));
  CLINNOVA_TRY(database.Execute(kJoinForms));
  CLINNOVA_TRY(database.Execute(kCreateDetails));
  CLINNOVA_ASSIGN(stage, RecordStage::Open(database, key));
  patterns.emplace(*resolver, *stage);
  CLINNOVA_ASSIGN(details, DetailStage::Open(database, key, *concepts));
  CLINNOVA_ASSIGN(places, PlaceStage::Open(database, key, *concepts));
  return BeginList();
}

Result<void> Loader::State::BeginList() {
  if (list != nullptr) {
    for (const auto& [name, entry] : list->entries()) guard.Add(entry.identifier);
    CLINNOVA_ASSIGN(outside, OutsidePseudonyms::Begin(database, key, *list));
    return {};
  }
  CLINNOVA_ASSIGN(const bool needs_list, HasOutsidePseudonyms(database));
  if (!needs_list) return {};
  return Fail(ErrorCode::kInvalidInput,
              "the CDM's patients have the pseudonyms of an outside service: expected its list "
              "(--pseudonyms)");
}

void Loader::State::CountUnmapped(const SourceRecord& record) {
  SourceCode code;
  if (record.kind == RecordKind::kVisit) {
    code.system = "Visit";
    code.code = record.type;
  } else if (!record.codes.empty()) {
    code = record.codes.front();
  }
  if (code.code.empty() && code.display.empty()) return;
  std::string name = code.code.empty() ? code.display : code.code;
  auto& [display, count] = unmapped[{std::string(KindName(record.kind)),
                                     vocabulary::CodeSystemName(code.system), std::move(name)}];
  if (count++ == 0 && !code.code.empty()) display = code.display.substr(0, kDisplayLimit);
}

Result<void> Loader::State::StageFiles() {
  CLINNOVA_ASSIGN(SqlAppender rows, database.Append("stage_source"));
  for (const ImportedFile& file : files) {
    rows.Int64(key.RowId("source", file.name));
    rows.Text(guard.Hide(file.name));
    rows.Text(file.hash);
    rows.Int64(file.bytes);
    rows.EndRow();
    report.bytes += file.bytes;
  }
  report.files = static_cast<std::int64_t>(files.size());
  return rows.Finish();
}

Result<void> Loader::State::HideInColumn(const char* table, const char* column, const char* where) {
  const std::string from = std::string(" FROM ") + table + " WHERE " + where;
  CLINNOVA_ASSIGN(auto rows, database.Query(std::string("SELECT DISTINCT ") + column + from));
  std::vector<std::pair<std::string, std::string>> changes;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      if (rows.IsNull(0, r)) continue;
      std::string hidden = guard.Hide(rows.Text(0, r));
      if (hidden != rows.Text(0, r)) changes.emplace_back(rows.Text(0, r), std::move(hidden));
    }
  }
  const std::string update = std::string("UPDATE ") + table + " SET " + column + " = ? WHERE " +
                             column + " = ? AND " + where;
  for (const auto& [text, hidden] : changes) {
    CLINNOVA_TRY(database.Query(update, {SqlValue(hidden), SqlValue(text)}));
  }
  return {};
}

Result<void> Loader::State::HideIdentities() {
  CLINNOVA_TRY(HideInColumn("stage_quarantine", "raw", "raw <> ''"));
  CLINNOVA_TRY(HideInColumn("stage_quarantine", "message", "true"));
  for (const char* rows : {"stage_row", "stage_short_row"}) {
    CLINNOVA_TRY(HideInColumn(rows, "value_text", "number IS NULL AND value_text <> ''"));
  }
  CLINNOVA_TRY(HideInColumn("checked_care_site", "name", "name IS NOT NULL"));
  CLINNOVA_TRY(HideInColumn("checked_care_site", "type", "type_concept_id = 0"));
  CLINNOVA_TRY(HideInColumn("checked_provider", "specialty", "specialty_concept_id = 0"));
  for (const char* column : {"site", "container", "storage", "processing"}) {
    CLINNOVA_TRY(HideInColumn("stage_sample", column, "true"));
  }
  CLINNOVA_TRY(HideInColumn("stage_imaging", "site", "true"));
  CLINNOVA_TRY(HideInColumn("stage_series", "device", "true"));
  return HideInColumn("stage_form", "source_value", "concept_id = 0");
}

Result<void> Loader::State::CountInto(std::string_view sql, std::int64_t ImportCounts::* field) {
  CLINNOVA_ASSIGN(auto rows, database.Query(sql));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      report.kinds[std::string(rows.Text(0, r))].*field += rows.Int64(1, r);
    }
  }
  return {};
}

Result<void> Loader::State::CountLoaded() {
  CLINNOVA_TRY(
      CountInto("SELECT kind::VARCHAR, count(*) FROM loadable GROUP BY kind "
                "UNION ALL SELECT 'consent', count(*) FROM checked_consent WHERE rule IS NULL "
                "HAVING count(*) > 0 "
                "UNION ALL SELECT 'care_site', count(*) FROM checked_care_site HAVING count(*) > 0 "
                "UNION ALL SELECT 'provider', count(*) FROM checked_provider HAVING count(*) > 0 "
                "UNION ALL SELECT 'person', count(*) FROM checked_person HAVING count(*) > 0",
                &ImportCounts::loaded));
  CLINNOVA_TRY(CountInto("SELECT kind, count(*) FROM stage_quarantine GROUP BY kind",
                         &ImportCounts::quarantined));
  // The last version of a record counts; the ones before it in the same import were repeated.
  constexpr std::string_view kRepeated =
      "SELECT kind, n FROM ("
      "SELECT kind::VARCHAR AS kind, count(*) AS n FROM superseded_event GROUP BY kind "
      "UNION ALL SELECT 'consent', count(*) - (SELECT count(*) FROM checked_consent) FROM "
      "stage_consent "
      "UNION ALL SELECT 'care_site', count(*) - count(DISTINCT row_id) FROM stage_care_site "
      "UNION ALL SELECT 'provider', count(*) - count(DISTINCT row_id) FROM stage_provider "
      "UNION ALL SELECT 'person', count(*) - count(DISTINCT person_id) FROM stage_person) WHERE n "
      "> 0";
  CLINNOVA_TRY(CountInto(kRepeated, &ImportCounts::ignored));
  CLINNOVA_ASSIGN(auto repeated, database.Query(kRepeated));
  while (repeated.NextChunk()) {
    for (std::size_t r = 0; r < repeated.chunk_size(); ++r) {
      report.ignored_by_reason[std::string(repeated.Text(0, r)) + ": repeated in this import"] +=
          repeated.Int64(1, r);
    }
  }
  CLINNOVA_ASSIGN(auto rules,
                  database.Query("SELECT rule, count(*) FROM stage_quarantine GROUP BY rule"));
  while (rules.NextChunk()) {
    for (std::size_t r = 0; r < rules.chunk_size(); ++r) {
      report.quarantined_by_rule[std::string(rules.Text(0, r))] = rules.Int64(1, r);
    }
  }
  return {};
}

/// The CDM keeps a code without its system and its name: they are what a data manager decides by.
Result<void> Loader::State::RememberUnmapped() {
  CLINNOVA_TRY(database.Execute(
      "CREATE TEMP TABLE newly_unmapped AS SELECT * FROM clinnova.unmapped_code LIMIT 0"));
  CLINNOVA_ASSIGN(SqlAppender rows, database.Append("newly_unmapped"));
  for (const auto& code : report.unmapped) {
    rows.Text(code.kind);
    rows.Text(code.system);
    rows.Text(code.code);
    code.display.empty() ? rows.Null() : rows.Text(code.display);
    rows.EndRow();
  }
  CLINNOVA_TRY(rows.Finish());
  return database.Execute(R"sql(
DELETE FROM clinnova.unmapped_code u WHERE EXISTS (
  SELECT 1 FROM newly_unmapped n WHERE n.kind = u.kind AND n.system = u.system AND n.code = u.code);
INSERT INTO clinnova.unmapped_code
  SELECT kind, system, code, max(display) FROM newly_unmapped GROUP BY kind, system, code;
DROP TABLE newly_unmapped;
)sql");
}

Result<void> Loader::State::WriteReport() {
  for (auto& [what, named] : unmapped) {
    report.unmapped.push_back({std::get<0>(what), std::get<1>(what), guard.Hide(std::get<2>(what)),
                               guard.Hide(named.first), named.second});
  }
  std::stable_sort(report.unmapped.begin(), report.unmapped.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  CLINNOVA_TRY(RememberUnmapped());
  CLINNOVA_ASSIGN(report.persons, database.QueryInt64("SELECT count(*) FROM person"));
  CLINNOVA_ASSIGN(report.research_persons,
                  database.QueryInt64("SELECT count(*) FROM clinnova.research_person"));
  const auto elapsed = std::chrono::steady_clock::now() - began;
  report.seconds = std::chrono::duration<double>(elapsed).count();
  CLINNOVA_TRY(database.Query(
      "INSERT INTO clinnova.import_report "
      "SELECT coalesce(max(import_id), 0) + 1, now()::TIMESTAMP, ? FROM clinnova.import_report",
      {report.Json()}));
  return {};
}

Result<void> Loader::State::EndStaging() {
  CLINNOVA_TRY(stage->Finish());
  patterns.reset();
  stage.reset();
  CLINNOVA_TRY(details->Finish());
  details.reset();
  CLINNOVA_TRY(places->Finish());
  places.reset();
  CLINNOVA_TRY(database.SetThreads(std::exchange(threads, 0)));
  return database.ReturnFreedMemory();
}

Result<void> Loader::State::Remove(std::span<const EarlierRows> tables) {
  for (const EarlierRows& rows : tables) {
    const std::string condition = std::string(rows.key) + " IN (" + std::string(rows.among) + ")";
    CLINNOVA_TRY(removal.Remove(std::string(rows.table), condition,
                                rows.touches_person ? "person_id" : "",
                                rows.touches_person ? std::string(kTouchRemoved) : ""));
  }
  return {};
}

/// What an earlier import wrote of this import's records goes, and they come.
Result<void> Loader::State::ReplaceRows() {
  CLINNOVA_TRY(database.Execute(kFindEarlierPlaces));
  CLINNOVA_TRY(database.Execute(kTouch));
  CLINNOVA_TRY(Remove(kEarlierRows));
  CLINNOVA_TRY(Remove(kEarlierDetails));
  CLINNOVA_TRY(removal.RemovePlaces("clinnova.provenance", "earlier_row"));
  CLINNOVA_TRY(
      removal.Remove("clinnova.quarantine", "source_id IN (SELECT source_id FROM stage_source)"));
  for (const std::string_view script : {kInsertPlaces, kInsert, kInsertDetails}) {
    CLINNOVA_TRY(database.Execute(script));
  }
  CLINNOVA_TRY(Remove(kEarlierUses));
  return database.Execute(kRemember);
}

// A part at a time, so that memory does not grow with the rows.
Result<void> Loader::State::FindContested() {
  CLINNOVA_ASSIGN(
      const std::int64_t rows,
      database.QueryInt64(
          "SELECT (SELECT count(*) FROM stage_row) + (SELECT count(*) FROM stage_short_row) "
          "+ (SELECT count(*) FROM stage_other_form)"));
  const auto parts = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(rows / rows_at_a_time + 1)));
  for (std::int64_t part = 0; part < parts; ++part) {
    CLINNOVA_TRY(database.Query(kFindContested, {SqlValue(parts - 1), SqlValue(part)}));
  }
  return {};
}

Result<void> Loader::State::MoveEverything() {
  CLINNOVA_TRY(EndStaging());
  CLINNOVA_TRY(StageFiles());
  if (outside) {
    CLINNOVA_ASSIGN(report.unlisted_patients, outside->Apply());
    outside.reset();
  }
  CLINNOVA_TRY(FindContested());
  CLINNOVA_TRY(database.Execute(kCheck));
  CLINNOVA_TRY(database.Execute(kCheckDetails));
  CLINNOVA_TRY(HideIdentities());
  CLINNOVA_TRY(CountLoaded());
  CLINNOVA_ASSIGN(const std::int64_t remembered,
                  database.QueryInt64("SELECT count(*) FROM clinnova.provenance"));
  CLINNOVA_TRY(database.Execute(remembered > 0 ? kFindEarlier : kNothingEarlier));
  CLINNOVA_TRY(ReplaceRows());
  CLINNOVA_TRY(database.Execute(kFindEraPersons));
  CLINNOVA_TRY(Remove(kEarlierPeriodsAndEras));
  CLINNOVA_TRY(database.Execute(kObservationPeriods));
  CLINNOVA_TRY(database.Execute(kEras));
  CLINNOVA_TRY(WriteReport());
  CLINNOVA_TRY(database.Execute(kDropStaging));
  CLINNOVA_TRY(database.Execute(kDropDetails));
  return database.Execute("COMMIT");
}

/// What refers to a place needs its identity: without one it is of no use.
Result<void> Loader::State::TakePlace(const SourceRecord& record) {
  if (record.id.empty()) {
    stage->Quarantine(record.source, KindName(record.kind), "id.missing",
                      "found no identity, expected an id", "");
    return {};
  }
  places->Take(record);
  return concepts->status();
}

Loader::Loader(std::unique_ptr<State> state) : state_(std::move(state)) {}

Loader::~Loader() {
  if (!state_->open) return;
  state_->patterns.reset();
  state_->stage.reset();
  state_->details.reset();
  state_->places.reset();
  state_->outside.reset();
  static_cast<void>(state_->database.Execute("ROLLBACK"));
  if (state_->threads > 0) static_cast<void>(state_->database.SetThreads(state_->threads));
}

Result<std::unique_ptr<Loader>> Loader::Begin(store::Store& store, const PseudonymKey& key,
                                              const Options& options) {
  auto state = std::make_unique<State>(store.database(), key, options);
  std::unique_ptr<Loader> loader(new Loader(std::move(state)));
  CLINNOVA_TRY(loader->state_->Begin(options.today.empty() ? core::Today() : options.today));
  return loader;
}

ImportCounts& Loader::State::Counts(RecordKind kind) {
  ImportCounts*& of_kind = counts[static_cast<std::size_t>(kind)];
  if (of_kind == nullptr) of_kind = &report.kinds[std::string(KindName(kind))];
  return *of_kind;
}

void Loader::State::AddPatient(std::string_view patient_id) {
  if (patient_id == last_patient) return;  // records of one patient often follow each other
  last_patient = patient_id;
  guard.Add(patient_id);
}

Result<void> Loader::AcceptPatterned(const PatternedRecord& record) {
  State& state = *state_;
  const ResolvedEvent* event = state.patterns->Take(record);
  if (const auto& looked_up = state.concepts->status(); !looked_up) return looked_up;
  if (event == nullptr) return RecordSink::AcceptPatterned(record);
  const SourceRecord& sample = record.pattern->sample;
  ++state.Counts(sample.kind).read;
  state.AddPatient(record.patient_id);
  if (state.has_earlier) state.stage->TakeBackOtherForms(sample, record.id);
  if (event->unmapped) state.CountUnmapped(sample);
  return {};
}

Result<void> Loader::Accept(SourceRecord&& record) {
  State& state = *state_;
  ImportCounts& counts = state.Counts(record.kind);
  ++counts.read;
  state.AddPatient(record.patient_id);
  for (const std::string& word : record.identity_words) state.guard.Add(word);
  // Of most values, which are numbers, no other form can be in a new store but what this import staged as one.
  if (state.has_earlier || record.kind != RecordKind::kMeasurement)
    state.stage->TakeBackOtherForms(record, record.id);
  if (SaysItIsNotTrue(record)) {
    ++counts.ignored;
    ++state.report.ignored_by_reason[std::string(KindName(record.kind)) + ": " + record.status];
    state.stage->TakeBack(record);
    return {};
  }
  if (!IsAboutAPatient(record.kind)) return state.TakePlace(record);
  const ResolvedRecord resolved = state.resolver->Resolve(record);
  if (const auto& looked_up = state.concepts->status(); !looked_up) return looked_up;
  const auto* event = std::get_if<ResolvedEvent>(&resolved);
  if (event != nullptr && event->unmapped) state.CountUnmapped(record);
  if (state.outside && record.kind == RecordKind::kPerson) state.outside->Know(record);
  state.stage->Take(record, resolved);
  if (event != nullptr) state.details->Take(state.stage->sequence(), record);
  return {};
}

Result<void> Loader::Reject(RejectedRecord record) {
  const std::string kind = record.kind.empty() ? "other" : record.kind;
  ++state_->report.kinds[kind].read;
  state_->stage->Quarantine(record.source, kind, record.rule, record.message, record.raw);
  return {};
}

void Loader::Ignore(const SourceReference&, const std::string& what) {
  ImportCounts& counts = state_->report.kinds["other"];
  ++counts.read;
  ++counts.ignored;
  ++state_->report.ignored_by_reason[what];
}

void Loader::CountLoaded(const std::string& kind, std::int64_t rows) {
  ImportCounts& counts = state_->report.kinds[kind];
  counts.read += rows;
  counts.loaded += rows;
}

store::RowRemoval& Loader::removal() { return state_->removal; }

void Loader::AddFile(ImportedFile file) { state_->files.push_back(std::move(file)); }

Result<ImportReport> Loader::Finish() {
  CLINNOVA_CHECK(state_->open);
  CLINNOVA_TRY(state_->MoveEverything());
  state_->open = false;
  return state_->report;
}

}  // namespace clinnova::intake
