// SPDX-License-Identifier: Apache-2.0
#include "decision/site_consents.h"

#include "cohort/site_files.h"
#include "intake/store_key.h"
#include "store/store.h"

namespace clinnova::decision {

namespace fs = std::filesystem;

SiteConsents::SiteConsents(const fs::path& site, std::function<std::string()> today)
    : store_(cohort::SiteFiles(site).store),
      key_file_(cohort::SiteFiles(site).pseudonym_key),
      today_(std::move(today)) {}

bool SiteConsents::Has(const std::string& patient_id) {
  const std::lock_guard lock(mutex_);
  Refresh();
  return key_ && persons_.contains(key_->PersonId(patient_id));
}

// While an import or a rotation holds the file, what was known before it on the same day counts. Both write the file of
// the key only while they hold the store's, so that key and persons are of one generation.
void SiteConsents::Refresh() {
  std::error_code error;
  const auto changed = fs::last_write_time(store_, error);
  const std::string today = today_();
  if (error || (changed == read_at_ && today == read_on_)) return;
  if (today != read_on_) persons_.clear();
  auto store = store::Store::Open(
      {.path = store_.string(), .access = store::Store::Access::kReadOnly, .threads = 1});
  if (!store) return;
  auto key = intake::LoadStoreKey(store->database(), key_file_.string());
  auto rows = store->database().Query("SELECT person_id FROM clinnova.research_person");
  if (!rows) return;
  persons_.clear();
  if (!key) return;
  key_ = std::move(*key);
  while (rows->NextChunk()) {
    for (std::size_t r = 0; r < rows->chunk_size(); ++r) persons_.insert(rows->Int64(0, r));
  }
  read_at_ = changed;
  read_on_ = today;
}

}  // namespace clinnova::decision
