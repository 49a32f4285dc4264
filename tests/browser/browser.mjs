// Chromium for the tests: a fresh profile, no network but the stack's, failures collected.
import { createRequire } from 'node:module'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const base = new URL(process.env.BASE_URL ?? fail('set BASE_URL to the address of a stack'))
const screenshots = process.env.SCREENSHOTS // a folder, optional

function fail(message) {
  console.error(message)
  process.exit(2)
}

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(executablePath)) fail(`no browser at ${executablePath}`)
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
      '--disable-background-networking', '--disable-component-update']
  })
}

// Runs named steps; a failure ends its group, the others still run.
export class Report {
  failures = []

  async group(name, body) {
    try {
      await body()
      console.log(`ok    ${name}`)
    } catch (error) {
      this.failures.push(name)
      console.log(`FAIL  ${name}\n      ${String(error.message ?? error).replaceAll('\n', '\n      ')}`)
    }
  }

  end() {
    console.log(this.failures.length === 0 ? 'all passed' : `${this.failures.length} failed`)
    process.exit(this.failures.length === 0 ? 0 : 1)
  }
}

export function check(condition, message) {
  if (!condition) throw new Error(message)
}

export const open = (page, path) => page.goto(new URL(path, base).href)
export const heading = page => page.locator('h1').innerText()

// Clicks, and waits for the page that this leads to, with its scripts.
export async function go(locator) {
  await locator.click()
  await locator.page().waitForLoadState()
}
export const follow = (page, name) => go(page.getByRole('link', { name }).first())
export const press = (page, name) => go(page.getByRole('button', { name }))

// Its script may give it a moment after the click.
export async function checkFocus(locator, message) {
  await locator.and(locator.page().locator(':focus')).waitFor().catch(() => check(false, message))
}

// A page of one size; whatever a browser complains about or fetches from elsewhere is a failure.
export async function openPage(browser, { width, height = 900, javaScriptEnabled = true }) {
  const context = await browser.newContext({ viewport: { width, height }, javaScriptEnabled })
  context.setDefaultTimeout(60_000) // build machines can be very busy
  const page = await context.newPage()
  const problems = []
  page.on('console', message => {
    const expected = /Failed to load resource: the server responded with a status of 4\d\d/
    if (message.type() === 'error' && !expected.test(message.text())) problems.push(message.text())
  })
  page.on('pageerror', error => problems.push(error.message))
  page.on('request', request => {
    if (new URL(request.url()).origin !== base.origin) problems.push(`asks ${request.url()}`)
  })
  return { page, context, problems, close: () => context.close() }
}

// What must hold on every page: no axe violation, no sideways scrolling, a title, one h1, a banner
// of the patient on record pages.
export async function inspect({ page, problems }, name, width) {
  const scroll = await page.evaluate(() => document.documentElement.scrollWidth)
  check(scroll <= width, `${name} at ${width} px scrolls sideways (${scroll} px)`)
  check((await page.title()).length > 8, `${name} has no title`)
  check(await page.locator('h1').count() === 1, `${name} needs exactly one h1`)
  if (await page.locator('nav[aria-label="Record"]').count() > 0) {
    check(await page.locator('section[aria-label="Patient"]').isVisible(), `${name} has no banner`)
  }
  if (screenshots) {
    mkdirSync(screenshots, { recursive: true })
    await page.screenshot({ path: join(screenshots, `${name}-${width}.png`), fullPage: true })
  }
  await page.evaluate(axeSource)
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  }))
  const found = result.violations.map(one => `${one.id}: ${one.nodes[0].target} ${one.nodes[0].failureSummary}`)
  check(found.length === 0, `${name} at ${width} px: ${found.join('\n')}`)
  check(problems.length === 0, `${name}: ${problems.join('\n')}`)
}
