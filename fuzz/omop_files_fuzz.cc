// SPDX-License-Identifier: Apache-2.0
// A table of another site's CDM as CSV: the table's name on the first line, the file below it. Every byte sequence is
// told in one line that names the file, or becomes rows of known persons and rejected rows; then all of it is undone.
#include "intake/omop_files.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "checking_sink.h"
#include "intake/loader.h"
#include "one_line.h"

namespace {

using namespace clinnova;

constexpr std::string_view kPersons =
    "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id,person_source_"
    "value\n6,8532,1963,0,0,HOSP-0006\n7,8507,1950,0,0,HOSP-0007\n";

fuzz::MemoryFile FileOf(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

const intake::PseudonymKey& Key() {
  static const intake::PseudonymKey key = std::move(intake::PseudonymKey::ForMemory().value());
  return key;
}

store::Store StoreWithPersons() {
  store::Store store = std::move(store::Store::Open({}).value());
  auto loader = intake::Loader::Begin(store, Key(), {.today = "2026-11-23"});
  if (!loader) std::abort();
  const fuzz::MemoryFile persons = FileOf(kPersons);
  intake::OmopFiles files(store.database(), Key(), **loader);
  if (!files.Load(persons.path(), "person.csv", "person") || !(*loader)->Finish()) std::abort();
  return store;
}

/// Aborts where a row is of somebody who is not in the CDM.
void MustBeOfPersons(core::Database& database, const std::string& table) {
  const auto columns = database.QueryInt64(
      "SELECT count(*) FROM duckdb_columns() WHERE database_name = current_database() AND "
      "schema_name = 'main' AND column_name = 'person_id' AND table_name = '" +
      table + "'");
  if (!columns) std::abort();
  if (*columns == 0) return;
  const auto strangers = database.QueryInt64(
      "SELECT count(*) FROM " + table + " WHERE person_id NOT IN (SELECT person_id FROM person)");
  if (!strangers || *strangers != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static store::Store store = StoreWithPersons();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == text.npos) return 0;
  const auto table = intake::OmopTable(std::string(text.substr(0, end)) + ".csv");
  if (!table) return 0;
  auto loader = intake::Loader::Begin(store, Key(), {.today = "2026-11-23"});
  if (!loader) std::abort();
  intake::OmopFiles files(store.database(), Key(), **loader);
  const fuzz::MemoryFile file = FileOf(text.substr(end + 1));
  const auto loaded = files.Load(file.path(), "export.csv", table->name);
  fuzz::MustTellInOneLine(loaded, "export.csv");
  if (loaded) MustBeOfPersons(store.database(), table->name);
  return 0;
}
