// SPDX-License-Identifier: Apache-2.0
// A list of pseudonyms: every byte sequence is refused or becomes one pseudonym for each identifier, and none is an
// identifier.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "intake/pseudonym_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using clinnova::intake::PseudonymList;
  const int file = memfd_create("list", 0);
  if (file < 0 || fchmod(file, 0600) != 0) std::abort();
  if (write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const auto list = PseudonymList::Load("/proc/self/fd/" + std::to_string(file));
  if (list) {
    std::set<std::string> identifiers;
    for (const auto& [key, entry] : list->entries()) identifiers.insert(entry.identifier);
    for (const auto& [key, entry] : list->entries()) {
      if (entry.identifier.empty() || entry.pseudonym.empty() || entry.line < 2) std::abort();
      if (list->Find(entry.system, entry.identifier) != &entry) std::abort();
      if (identifiers.contains(entry.pseudonym)) std::abort();
    }
  } else if (list.error().message.empty()) {
    std::abort();
  }
  close(file);
  return 0;
}
