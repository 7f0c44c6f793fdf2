// SPDX-License-Identifier: Apache-2.0
// What the browser pages and the JSON API show of a hub. The hub fills these structs; the server
// turns them into the JSON of docs/openapi.json, field for field. Nothing here can carry a record
// of a patient: the only free-form part is a study's result file, which passed the sites' release
// gates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::web {

/// A site that joined the hub.
struct SiteView {
  std::string name = {};
  bool connected = false;
  std::optional<std::string> last_seen = {};  ///< RFC 3339, UTC; none: never connected
  std::optional<std::string> version =
      {};                             ///< the site's version of Clinnova; none: never connected
  std::int64_t studies_approved = 0;  ///< by the site's steward
  std::int64_t studies_waiting = 0;   ///< for the site's steward
};

/// A study's life (privacy.md, governance). The names on the wire are these without the k, in lower
/// case.
enum class StudyState { kSubmitted, kApproved, kRunning, kFinished, kFailed, kRefused, kWithdrawn };

/// How far a study is.
struct StudyProgress {
  std::int64_t rounds = 0;                   ///< secure sums done, over all analyses
  std::optional<std::string> analysis = {};  ///< the one that runs now
  std::int64_t analyses_done = 0;
  std::int64_t analyses_total = 0;
};

/// A row of the list of studies.
struct StudySummary {
  std::string hash = {};  ///< 64 lower-case hexadecimal digits
  std::string title = {};
  StudyState state = StudyState::kSubmitted;
  StudyProgress progress = {};
  std::string submitted_at = {};                ///< RFC 3339, UTC
  std::optional<std::string> finished_at = {};  ///< also when it failed
};

enum class Approval { kWaiting, kApproved, kRejected };

/// A site's part in one study.
struct StudySite {
  std::string name = {};
  Approval approval = Approval::kWaiting;
  bool connected = false;
};

/// One study in full.
struct StudyView {
  StudySummary summary = {};
  std::string purpose = {};
  std::string permit = {};  ///< empty: none given
  std::vector<StudySite> sites = {};
  std::optional<std::string> error = {};  ///< why it failed or was refused; safe to show
};

/// The hub as the server sees it. All members are called from several threads at a time and must
/// answer fast, from memory or a local store: a page asks every second or two while a study runs.
/// A failed Result becomes an error of the API whose message is shown to the person.
class HubView {
 public:
  virtual ~HubView() = default;

  /// The hub's name, as sites know it.
  virtual std::string Name() const = 0;
  /// The program's version.
  virtual std::string Version() const = 0;
  /// Nothing when the hub can take work; otherwise why not, for /readyz.
  virtual Result<void> Ready() const = 0;
  /// All sites, by name.
  virtual Result<std::vector<SiteView>> Sites() const = 0;
  /// All studies, newest first.
  virtual Result<std::vector<StudySummary>> Studies() const = 0;
  /// One study by its full hash; nullopt: no such study.
  virtual Result<std::optional<StudyView>> Study(std::string_view hash) const = 0;
  /// The result file's bytes (interfaces.md), sent as they are so that no digit is lost; nullopt:
  /// no such study, or it has no result yet. It is there before the study's state is kFinished: a
  /// page asks for it once, when it sees that state.
  virtual Result<std::optional<std::string>> ResultFile(std::string_view hash) const = 0;
};

}  // namespace clinnova::web
