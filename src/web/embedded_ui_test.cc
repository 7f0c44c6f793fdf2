// SPDX-License-Identifier: Apache-2.0
#include "web/embedded_ui.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace clinnova::web {
namespace {

std::string ReadSource(const std::string& path) {
  std::ifstream file(CLINNOVA_SOURCE_DIR "/" + path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

TEST(EmbeddedUi, HoldsTheOpenApiDocumentByteForByte) {
  const auto file = FindEmbedded("/api/v1/openapi.json");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->content, ReadSource("docs/openapi.json"));
  EXPECT_EQ(file->mime_type, "application/json");
  EXPECT_FALSE(file->immutable);
}

TEST(EmbeddedUi, AlwaysHasAFirstPage) {
  const auto page = FindEmbedded("/index.html");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->mime_type, "text/html; charset=utf-8");
  EXPECT_EQ(page->content, ReadSource(BrowserPagesAreBuilt() ? "web/dist/index.html"
                                                             : "src/web/pages_not_built.html"));
}

TEST(EmbeddedUi, SaysSoWhenThePagesWereNotBuilt) {
  if (BrowserPagesAreBuilt()) GTEST_SKIP() << "the pages are built";
  EXPECT_NE(FindEmbedded("/index.html")->content.find("were not built"), std::string_view::npos);
}

TEST(EmbeddedUi, GivesEveryFileATypeAndATag) {
  ASSERT_TRUE(std::ranges::is_sorted(EmbeddedPaths()));
  for (const std::string_view path : EmbeddedPaths()) {
    const auto file = FindEmbedded(path);
    ASSERT_TRUE(file) << path;
    EXPECT_EQ(file->path, path);
    EXPECT_FALSE(file->content.empty()) << path;
    EXPECT_FALSE(file->mime_type.empty()) << path;
    EXPECT_EQ(file->etag.size(), 18u) << path;
    EXPECT_TRUE(file->etag.starts_with('"') && file->etag.ends_with('"')) << path;
    EXPECT_EQ(file->immutable, path.starts_with("/assets/")) << path;
  }
}

TEST(EmbeddedUi, FindsNothingElse) {
  for (const std::string_view path :
       {"", "/", "index.html", "/index.htm", "/index.html/", "/../index.html", "/INDEX.HTML",
        "/assets/../index.html", "//index.html", "/zzz"}) {
    EXPECT_FALSE(FindEmbedded(path)) << path;
  }
}

TEST(EmbeddedUi, PageLoadsOnlyFilesThatAreThere) {
  const std::string page(FindEmbedded("/index.html")->content);
  for (const std::string attribute : {"src=\"", "href=\""}) {
    for (auto at = page.find(attribute); at != std::string::npos;
         at = page.find(attribute, at + 1)) {
      const auto begin = at + attribute.size();
      const std::string target = page.substr(begin, page.find('"', begin) - begin);
      if (target.starts_with("/api/v1/status") || target.starts_with("data:")) continue;
      EXPECT_TRUE(FindEmbedded(target)) << target;
    }
  }
}

}  // namespace
}  // namespace clinnova::web
