import { describe, expect, test } from '@jest/globals'
import {
  codeFence,
  codeSpan,
  consoleLine,
  consoleLines,
  escapeProse,
  escapeText,
  linkTo,
} from '../../src/report/escape.ts'

test.each([
  ['https://github.com/recipes/app/actions/runs/1', true],
  ['https://gitlab.example:8443/a/-/jobs/7', true],
  ['javascript://github.com/%0aalert(1)', false],
  ['http://github.com/a', false],
  ['https://github.com@evil.example/a', false],
  ['https://github.com/a>b', false],
  ['https://github.com/a\n<img>', false],
])('only a plain https address becomes a link: %j', (url, isLink) => {
  expect(linkTo(url) === `<${url}>`).toBe(isLink)
  if (!isLink) expect(linkTo(url)).toMatch(/^(`|<code>).*(`|<\/code>)$/)
})

describe('text in Markdown', () => {
  test.each([
    ['a|b', 'a&#124;b'],
    ['<img src=x>', '&#60;img src=x&#62;'],
    ['R&amp;D', 'R&#38;amp;D'],
    ['a `b` c', 'a &#96;b&#96; c'],
    ['[x](http://y)', '\\[x\\](http\\://y)'],
    ['![i](u)', '!\\[i\\](u)'],
    ['**bold** _it_ ~~no~~', '\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~'],
    ['www.evil.example', 'www\\.evil.example'],
    ['@admin', '@&#8203;admin'],
    ['fixes #12', 'fixes \\#&#8203;12'],
    ['#12', '\\#&#8203;12'],
    ['$x$', '<span>$</span>x<span>$</span>'],
    ['# title', '\\# title'],
    ['- item', '\\- item'],
    ['+ item', '\\+ item'],
    ['  === ', '  \\=== '],
    ['12. item', '12\\. item'],
    ['1) item', '1\\) item'],
    ['16.14', '16.14'],
    ['a\\b', 'a\\\\b'],
    ['two\nlines', 'two↵lines'],
  ])('%j becomes %j', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped)
  })

  test('an ordinary sentence stays as it is', () => {
    const sentence = 'Key ("companyId", slug)=(17, crêpes) is duplicated: 100 - 3.5 rows!'
    expect(escapeText(sentence)).toBe(sentence)
  })

  test('a sentence of ours may quote code, and what it quotes is escaped all the same', () => {
    expect(escapeProse('run `a|b` or *c*')).toBe('run <code>a&#124;b</code> or \\*c\\*')
    expect(escapeProse('one ` alone')).toBe('one &#96; alone')
  })
})

describe('inline code', () => {
  test.each([
    ['"Recipe"', '`"Recipe"`'],
    ['a`b', '``a`b``'],
    ['a``b`c', '```a``b`c```'],
    ['`a', '`` `a ``'],
    ['a\nb', '`a↵b`'],
    ['', '<code> </code>'],
    ['a|b', '<code>a&#124;b</code>'],
    ['a\\|b', '<code>a&#92;&#124;b</code>'],
    ['|</code><b>', '<code>&#124;&#60;&#47;code&#62;&#60;b&#62;</code>'],
    [' padded ', '<code> padded </code>'],
    ['```', '<code>&#96;&#96;&#96;</code>'],
  ])('%j becomes %j', (text, code) => {
    expect(codeSpan(text)).toBe(code)
  })
})

describe('a fence', () => {
  test('is longer than any run of backticks inside', () => {
    expect(codeFence('SELECT 1', 'sql')).toBe('```sql\nSELECT 1\n```')
    expect(codeFence('a\n````\nb')).toBe('`````\na\n````\nb\n`````')
  })

  test('keeps line breaks and tabs and shows other controls', () => {
    expect(codeFence('\ta\r\n\u001b^')).toBe('```\n\ta\n␛^\n```')
  })
})

describe('text on a console', () => {
  test('a command at the start of any line is broken, blanks before it or not', () => {
    expect(consoleLines('::error::x\n \t::set-output name=a::b\n::::')).toEqual([
      ': :error::x',
      ' \t: :set-output name=a::b',
      ': ::::'.slice(0, 5),
    ])
  })

  test('the older form is broken anywhere in a line', () => {
    expect(consoleLines('note ##[error]x ##[group]y')).toEqual(['note ## [error]x ## [group]y'])
  })

  test('types such as a::text in the middle of a line are left alone', () => {
    expect(consoleLine("SELECT 'a'::text")).toBe("SELECT 'a'::text")
  })

  test('ANSI sequences, bells and carriage returns are shown, not obeyed', () => {
    expect(consoleLine('\u001b[2Ja\u0007\rb')).toBe('␛[2Ja␇␍b')
  })

  test('one line stays one line', () => {
    expect(consoleLine('a\n::error::b')).toBe('a↵::error::b')
  })
})
