// SPDX-License-Identifier: Apache-2.0
// The frame around every page, and which page the address after # names.
import { Button, Loader, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { Suspense, lazy, useEffect, useRef, useState } from "react";
import { OverviewPage } from "./pages/overview";

// Charts come with these two pages; the overview is there before them.
const StudyPage = lazy(() => import("./pages/study"));
const ViewerPage = lazy(() => import("./pages/viewer"));

function useAddress(): string {
  const read = () => window.location.hash.replace(/^#/, "") || "/";
  const [address, setAddress] = useState(read);
  useEffect(() => {
    const update = () => setAddress(read());
    window.addEventListener("hashchange", update);
    return () => window.removeEventListener("hashchange", update);
  }, []);
  return address;
}

function ThemeButton() {
  // Without this the library writes a <style> element, which the content security policy refuses.
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const scheme = useComputedColorScheme("light");
  const other = scheme === "light" ? "dark" : "light";
  return (
    <Button variant="default" size="compact-sm" onClick={() => setColorScheme(other)}>
      {other === "dark" ? "Dark theme" : "Light theme"}
    </Button>
  );
}

/** Who is looking. There is no sign-in yet: the hub answers this machine only, and the page says so. */
function Visitor() {
  return (
    <span className="soft small" title="The hub serves these pages to the machine it runs on only.">
      local only
    </span>
  );
}

function NavLink({ to, address, children }: { to: string; address: string; children: string }) {
  return (
    <a href={`#${to}`} aria-current={address === to ? "page" : undefined}>
      {children}
    </a>
  );
}

function Page({ address }: { address: string }) {
  const study = /^\/studies\/([0-9a-f]{64})$/.exec(address);
  if (address === "/") return <OverviewPage />;
  if (address === "/result") return <ViewerPage />;
  if (study?.[1]) return <StudyPage key={study[1]} hash={study[1]} />;
  return (
    <p>
      There is no page at this address. <a href="#/">Back to the overview</a>
    </p>
  );
}

export function App() {
  const address = useAddress();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [address]);
  return (
    <>
      <button type="button" className="skip-link" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header className="masthead">
        <div>
          <a className="brand" href="#/">
            <img src="/icon.svg" alt="" /> Clinnova
          </a>
          <nav aria-label="Pages">
            <NavLink to="/" address={address}>
              Overview
            </NavLink>
            <NavLink to="/result" address={address}>
              Open a result file
            </NavLink>
          </nav>
          <Visitor />
          <ThemeButton />
        </div>
      </header>
      <main ref={main} tabIndex={-1} className="page">
        <Suspense fallback={<Loader aria-label="Loading" />}>
          <Page address={address} />
        </Suspense>
      </main>
    </>
  );
}
