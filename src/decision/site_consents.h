// SPDX-License-Identifier: Apache-2.0
// Which patients the site's CDM has a valid research consent of, so that a clinical system need not send it.
//
//   SiteConsents consents("site");
//   consents.Has("p1");     // by the same pseudonym as at the import
//
// Property: only person identifiers under the site's key are kept in memory. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "decision/patient_reader.h"
#include "intake/pseudonym.h"

namespace clinnova::decision {

class SiteConsents {
 public:
  /// `site` is the site's folder; a site without a CDM knows no consents. `today` says the day, UTC.
  explicit SiteConsents(const std::filesystem::path& site,
                        std::function<std::string()> today = MachineToday);

  /// Whether the patient's consent is given as the CDM stands; looked up anew after an import, after a rotation of the
  /// pseudonyms, and on another day: consents begin and end with it.
  bool Has(const std::string& patient_id);

 private:
  void Refresh();

  std::filesystem::path store_;
  std::filesystem::path key_file_;
  std::function<std::string()> today_;
  std::mutex mutex_;
  std::optional<intake::PseudonymKey> key_;    ///< of `persons_`: a rotation changes both
  std::filesystem::file_time_type read_at_{};  ///< the file's, when it was read to the end
  std::string read_on_;                        ///< the day of that
  std::unordered_set<std::int64_t> persons_;
};

}  // namespace clinnova::decision
