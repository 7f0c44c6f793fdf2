// SPDX-License-Identifier: Apache-2.0
// Keeps patients' names and numbers out of the few free texts that the store keeps for the data
// manager: file names and quarantined records ("Tremblay_4c87….json" becomes "[hidden]_[hidden].json").
//
// Property: a word that the source itself gave as a patient's name or number (4 bytes or more) is
// replaced wherever it stands between separators. It is a net under the readers, which must not hand
// over such texts in the first place; it does not find misspelt or unknown names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

namespace clinnova::intake {

/// Remembers 8 bytes per word. One thread at a time.
class IdentityGuard {
 public:
  /// Adds a name or number; what is shorter than 4 bytes is left out.
  void Add(std::string_view word);
  /// `text` with every added word, alone or as a run of words, replaced by "[hidden]".
  std::string Hide(std::string_view text) const;

 private:
  std::unordered_set<std::uint64_t> words_;
};

}  // namespace clinnova::intake
