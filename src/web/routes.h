// SPDX-License-Identifier: Apache-2.0
// Which path answers what: pure functions from a path to a reply, without sockets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/hub_view.h"

namespace clinnova::web {

/// An HTTP answer. `static_body` (static storage) is used instead of `body` where it is not empty.
struct Reply {
  int status = 200;
  std::string body;
  std::string_view static_body;
  std::string_view content_type = "application/json";
  std::string_view etag;   ///< empty: not to be cached
  bool immutable = false;  ///< may be cached for ever
};

/// The paths of the API as docs/openapi.json writes them ("/api/v1/studies/{hash}").
std::vector<std::string_view> ApiPaths();

/// The answer to GET `path` (percent-decoded, without query): the API, then the browser pages, then
/// a 404 in JSON. Safe from any thread. Never throws.
Reply AnswerGet(const HubView& hub, std::string_view path);

/// An error in the API's form.
Reply ErrorReply(int status, std::string_view code, std::string_view message);

}  // namespace clinnova::web
