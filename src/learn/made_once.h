// SPDX-License-Identifier: Apache-2.0
// A value of a site's cache whose making itself needs other values of the cache: SiteCache makes under its own lock and
// must not be asked again meanwhile, so what it keeps is the place, and the value is made there afterwards.
//
//   return MakeOnce<RowsResult>(site.cache, key, [&] { return make(site, source); });
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "federation/step.h"

namespace clinnova::learn {

/// The value under `key`, made at the first call. Thread rule: any threads; a value is made once.
template <typename T, typename Make>
T MakeOnce(federation::SiteCache& cache, const std::string& key, Make make) {
  struct Place {
    std::mutex mutex;
    std::optional<T> value;
  };
  using Kept = std::shared_ptr<Place>;  // shared: with the cache
  const Kept place = *cache.GetOrMake<Kept>(key, [] { return std::make_shared<Place>(); });
  const std::lock_guard lock(place->mutex);
  if (!place->value) place->value.emplace(make());
  return *place->value;
}

}  // namespace clinnova::learn
