// SPDX-License-Identifier: Apache-2.0
#include "decision/site_consents.h"

#include "cohort/site_files.h"
#include "store/store.h"

namespace clinnova::decision {

namespace fs = std::filesystem;

SiteConsents::SiteConsents(const fs::path& site)
    : store_(cohort::SiteFiles(site).store), key_file_(cohort::SiteFiles(site).pseudonym_key) {
  std::error_code none;
  if (!fs::exists(key_file_, none)) return;  // LoadOrCreate would make one
  if (auto key = intake::PseudonymKey::LoadOrCreate(key_file_.string())) key_ = std::move(*key);
}

bool SiteConsents::Has(const std::string& patient_id) {
  const std::lock_guard lock(mutex_);
  if (!key_) return false;
  Refresh();
  return persons_.contains(key_->PersonId(patient_id));
}

// While an import holds the file, what was known before it counts.
void SiteConsents::Refresh() {
  std::error_code error;
  const auto changed = fs::last_write_time(store_, error);
  if (error || changed == read_at_) return;
  auto store = store::Store::Open(
      {.path = store_.string(), .access = store::Store::Access::kReadOnly, .threads = 1});
  if (!store) return;
  auto rows = store->database().Query("SELECT person_id FROM clinnova.research_person");
  if (!rows) return;
  persons_.clear();
  while (rows->NextChunk()) {
    for (std::size_t r = 0; r < rows->chunk_size(); ++r) persons_.insert(rows->Int64(0, r));
  }
  read_at_ = changed;
}

}  // namespace clinnova::decision
