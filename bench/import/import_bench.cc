// SPDX-License-Identifier: Apache-2.0
// How fast a hospital's export becomes a CDM: a synthetic cohort is written in a dialect and imported into a new store
// on disk, mapping, pseudonyms, units, provenance and the transaction included.
//
//   import_bench DIALECT PATIENTS FOLDER      prints lines DIALECT KEY VALUE
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "intake/import.h"
#include "intake/synthetic_export.h"

namespace clinnova::intake {
namespace {

[[noreturn]] void Stop(const std::string& message) {
  std::fprintf(stderr, "import_bench: %s\n", message.c_str());
  std::exit(1);
}

template <typename T>
T Must(Result<T> result) {
  if (!result) Stop(result.error().message);
  return std::move(*result);
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double PeakMib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void Run(const std::string& dialect, std::uint64_t patients, const std::filesystem::path& folder) {
  const SyntheticSummary cohort = Must(WriteSyntheticCohort(
      {.patients = patients, .dialect = dialect, .directory = folder / dialect, .defects = false}));
  const double peak_before = PeakMib();
  const double processor_before = ProcessorSeconds();
  const auto begin = std::chrono::steady_clock::now();
  store::Store store =
      Must(store::Store::Open({.path = (folder / (dialect + ".duckdb")).string()}));
  const ImportReport report = Must(Import(store, {.paths = {cohort.export_directory.string()},
                                                  .mapping = dialect == "de-fhir" ? "" : dialect,
                                                  .key_file = (folder / "key").string()}));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double processor = ProcessorSeconds() - processor_before;
  const ImportCounts total = report.Total();
  if (report.persons != static_cast<std::int64_t>(patients))
    Stop(dialect + ": found " + std::to_string(report.persons) + " persons, expected " +
         std::to_string(patients));
  if (total.read != total.loaded + total.quarantined + total.ignored || total.quarantined > 0)
    Stop(dialect + ": found " + std::to_string(total.quarantined) +
         " records in quarantine, expected none");
  const double megabytes = static_cast<double>(report.bytes) * 1e-6;
  const auto records = static_cast<double>(total.read);
  std::printf(
      "  %-8s %7.1f MB, %9.0f records in %6.2f s (cpu %6.2f s): %6.1f MB/s, %8.0f records/s "
      "(per cpu second %6.1f MB, %8.0f records); peak %.0f MiB (%.0f before)\n",
      dialect.c_str(), megabytes, records, seconds, processor, megabytes / seconds,
      records / seconds, megabytes / processor, records / processor, PeakMib(), peak_before);
}

}  // namespace
}  // namespace clinnova::intake

int main(int argc, char** argv) {
  if (argc != 4) clinnova::intake::Stop("expected DIALECT PATIENTS FOLDER");
  clinnova::intake::Run(argv[1], static_cast<std::uint64_t>(std::atoll(argv[2])), argv[3]);
}
