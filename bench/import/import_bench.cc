// SPDX-License-Identifier: Apache-2.0
// How fast a hospital's export becomes a CDM: a synthetic cohort is written in a dialect, then read and mapped alone, then
// resolved and staged, too, then its longest file by itself, then imported into a new store on disk: pseudonyms, units,
// checks, provenance and the transaction included; then imported once more, where every row replaces another.
//
//   import_bench DIALECT PATIENTS FOLDER         prints a line for each of the five
//   import_bench DIALECT PATIENTS FOLDER TIMES   reads and stages all files that often, and no more

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "intake/csv_reader.h"
#include "intake/fhir_reader.h"
#include "intake/import.h"
#include "intake/load_statements.h"
#include "intake/mapping.h"
#include "intake/pattern_stage.h"
#include "intake/record_queue.h"
#include "intake/record_stage.h"
#include "intake/site_concepts.h"
#include "intake/synthetic_export.h"
#include "usage.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Stop(const std::string& message) {
  std::fprintf(stderr, "import_bench: %s\n", message.c_str());
  std::exit(1);
}

void Must(Result<void> result) {
  if (!result) Stop(result.error().message);
}

template <typename T>
T Must(Result<T> result) {
  if (!result) Stop(result.error().message);
  return std::move(*result);
}

/// An export's files, and how much is in them.
struct Export {
  std::string dialect;
  std::vector<fs::path> files = {};
  double megabytes = 0;
  double lines = 0;
};

Export Look(const std::string& dialect, std::vector<fs::path> files) {
  Export found{.dialect = dialect, .files = std::move(files)};
  for (const fs::path& file : found.files) {
    found.megabytes += static_cast<double>(fs::file_size(file)) * 1e-6;
    std::ifstream in(file, std::ios::binary);
    found.lines += static_cast<double>(
        std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n'));
    if (dialect != "de-fhir") --found.lines;  // the header
  }
  return found;
}

/// Measures from its making on.
class Stopwatch {
 public:
  void Print(const Export& data, const char* what, double records) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    const double processor = bench::ProcessorSeconds() - processor_;
    std::printf(
        "  %-8s %-8s %7.1f MB, %9.0f lines, %9.0f records in %6.2f s (cpu %6.2f s): %6.1f MB/s, "
        "%8.0f lines/s, "
        "%8.0f records/s (per cpu second %6.1f MB, %8.0f lines, %8.0f records); peak %.0f MiB\n",
        data.dialect.c_str(), what, data.megabytes, data.lines, records, seconds, processor,
        data.megabytes / seconds, data.lines / seconds, records / seconds,
        data.megabytes / processor, data.lines / processor, records / processor, bench::PeakMib());
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
  double processor_ = bench::ProcessorSeconds();
};

/// Resolves and stages as an import does, and keeps no report.
class Staging final : public RecordSink {
 public:
  Staging(const vocabulary::Vocabulary& vocabulary, SiteConcepts& concepts, RecordStage& stage)
      : resolver_(vocabulary, "2100-01-01", &concepts),
        stage_(stage),
        patterns_(resolver_, stage) {}
  Result<void> Accept(SourceRecord&& record) override {
    stage_.Take(record, resolver_.Resolve(record));
    ++records;
    return {};
  }
  Result<void> AcceptPatterned(const PatternedRecord& record) override {
    if (patterns_.Take(record) == nullptr) return RecordSink::AcceptPatterned(record);
    ++records;
    return {};
  }
  Result<void> Reject(RejectedRecord record) override { Stop("rejected: " + record.message); }
  void Ignore(const SourceReference&, const std::string&) override {}

  double records = 0;

 private:
  RecordResolver resolver_;
  RecordStage& stage_;
  PatternStage patterns_;
};

void Read(const Export& data, RecordSink& sink) {
  FhirReader fhir(sink);
  const auto mappings =
      data.dialect == "de-fhir" ? std::vector<Mapping>() : Must(LoadEmbeddedDialect(data.dialect));
  for (const fs::path& file : data.files) {
    if (data.dialect == "de-fhir") {
      Must(fhir.CollectReferred(file));
      Must(fhir.Read(file, file.string()));
    } else {
      const Mapping* mapping = FindMapping(mappings, file.filename().string());
      if (mapping == nullptr) Stop(file.string() + ": no mapping");
      Must(ReadCsv(file, *mapping, sink));
    }
  }
}

/// Takes every record, and drops it.
class Counting final : public RecordSink {
 public:
  Result<void> Accept(SourceRecord&& record) override {
    if (record.source.file.empty()) Stop("found a record without its file");
    ++records;
    return {};
  }
  Result<void> AcceptPatterned(const PatternedRecord& record) override {
    if (record.line == 0) Stop("found a record without its line");
    ++records;
    return {};
  }
  Result<void> Reject(RejectedRecord record) override { Stop("rejected: " + record.message); }
  void Ignore(const SourceReference&, const std::string&) override {}

  double records = 0;
};

void ReadAlone(const Export& data, const char* what) {
  const Stopwatch watch;
  Counting sink;
  Read(data, sink);
  watch.Print(data, what, sink.records);
}

void ReadAndStage(const Export& data, const fs::path& folder, const char* what) {
  store::Store store = Must(store::Store::Open(
      {.path = (folder / "staging.duckdb").string(), .memory_limit = kImportMemory}));
  const PseudonymKey key = Must(PseudonymKey::ForMemory());
  const vocabulary::Vocabulary vocabulary;
  SiteConcepts concepts = Must(SiteConcepts::Open(vocabulary, store.database()));
  const Stopwatch watch;
  Must(store.database().Execute("BEGIN"));
  static_cast<void>(Must(store.database().SetThreads(1)));
  Must(store.database().Execute(kCreateStaging));
  RecordStage stage = Must(RecordStage::Open(store.database(), key));
  Staging sink(vocabulary, concepts, stage);
  RecordQueue queue(sink);
  Read(data, queue);
  Must(queue.Finish());
  Must(stage.Finish());
  watch.Print(data, what, sink.records);
}

/// The longest of the files, of a CSV export the laboratory's: a record a line.
Export Longest(const Export& data) {
  const auto longest = std::max_element(
      data.files.begin(), data.files.end(),
      [](const auto& a, const auto& b) { return fs::file_size(a) < fs::file_size(b); });
  return Look(data.dialect, {*longest});
}

void ImportAll(const Export& data, double patients, const fs::path& folder, const char* what) {
  const Stopwatch watch;
  store::Store store = Must(store::Store::Open(
      {.path = (folder / (data.dialect + ".duckdb")).string(), .memory_limit = kImportMemory}));
  std::vector<std::string> paths;
  for (const fs::path& file : data.files) paths.push_back(file.string());
  const ImportReport report =
      Must(Import(store, {.paths = paths,
                          .mapping = data.dialect == "de-fhir" ? "" : data.dialect,
                          .key_file = (folder / "key").string()}));
  const ImportCounts total = report.Total();
  if (static_cast<double>(report.persons) != patients)
    Stop(data.dialect + ": found " + std::to_string(report.persons) + " persons");
  if (total.read != total.loaded + total.quarantined + total.ignored || total.quarantined > 0)
    Stop(data.dialect + ": found " + std::to_string(total.quarantined) +
         " records in quarantine, expected none");
  watch.Print(data, what, static_cast<double>(total.read));
}

void Run(const std::string& dialect, std::uint64_t patients, const fs::path& folder, int times) {
  const SyntheticSummary cohort = Must(WriteSyntheticCohort(
      {.patients = patients, .dialect = dialect, .directory = folder / dialect, .defects = false}));
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(cohort.export_directory)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  const Export data = Look(dialect, files);
  for (int i = 0; i < std::max(times, 1); ++i) {
    ReadAlone(data, "read");
    ReadAndStage(data, folder, "staged");
    fs::remove(folder / "staging.duckdb");
  }
  if (times > 0) return;
  ReadAndStage(Longest(data), folder, "longest");
  fs::remove(folder / "staging.duckdb");
  ImportAll(data, static_cast<double>(patients), folder, "imported");
  ImportAll(data, static_cast<double>(patients), folder, "again");
}

}  // namespace
}  // namespace clinnova::intake

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) clinnova::intake::Stop("expected DIALECT PATIENTS FOLDER [TIMES]");
  clinnova::intake::Run(argv[1], static_cast<std::uint64_t>(std::atoll(argv[2])), argv[3],
                        argc == 5 ? std::atoi(argv[4]) : 0);
}
