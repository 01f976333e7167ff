"""What a student may write into a markdown cell, a printed text or a name to make a page of feedback run something.

Each that succeeds sets document.title to "hit", or asks for an address that ends in /hit.
"""

HIT = "document.title='hit'"
AWAY = "http://127.0.0.1:9/hit"
PAYLOADS = [
    f"<script>{HIT}</script>",
    f"<ScRiPt >{HIT}</sCrIpT >",
    f"<scr<script>ipt>{HIT}</scr</script>ipt>",
    f'<script src="data:text/javascript,{HIT}"></script>',
    f'<img src=x onerror="{HIT}">',
    f"<img src=x onerror={HIT}//",
    f"<img/src=x/onerror={HIT}>",
    f'<IMG """><SCRIPT>{HIT}</SCRIPT>">',
    f'<svg onload="{HIT}"></svg>',
    f"<svg><script>{HIT}</script></svg>",
    f'<svg><animate onbegin="{HIT}" attributeName=x dur=1s></svg>',
    f'<svg><set attributeName="x" onbegin="{HIT}"></svg>',
    f'<math><mtext><table><mglyph><style><img src=x onerror="{HIT}"></style></mglyph></table></mtext></math>',
    f'<noscript><p title="</noscript><img src=x onerror={HIT}>">',
    f'<details open ontoggle="{HIT}">x</details>',
    f'<video><source onerror="{HIT}"></video>',
    f'<audio src=x onerror="{HIT}"></audio>',
    f'<input onfocus="{HIT}" autofocus>',
    f'<select onfocus="{HIT}" autofocus></select>',
    f'<textarea onfocus="{HIT}" autofocus></textarea>',
    f'<iframe srcdoc="<script>parent.{HIT}</script>"></iframe>',
    f'<iframe src="javascript:parent.{HIT}"></iframe>',
    f'<object data="{AWAY}"></object>',
    f'<embed src="{AWAY}">',
    f'<meta http-equiv="refresh" content="0;url={AWAY}">',
    f'<link rel="stylesheet" href="{AWAY}">',
    f"<style>@import '{AWAY}'; body {{ background: url({AWAY}) }}</style>",
    f'<p style="background: url({AWAY})">x</p>',
    f'<img src="{AWAY}">',
    f'<body onload="{HIT}">',
    f'<base href="{AWAY}/"><img src="x">',
    f'<a href="javascript:{HIT}" class="click">x</a>',
    f'<a href="java&#10;script:{HIT}" class="click">x</a>',
    f'<a href="data:text/html,<script>{HIT}</script>" class="click">x</a>',
    f'<form action="javascript:{HIT}"><button class="click">x</button></form>',
    f"--><!--><script>{HIT}</script>",
    f"</div></div></body></html><script>{HIT}</script>",
    f'<style><img title="</style><img src=x onerror={HIT}>">',
    f'<xmp><p title="</xmp><img src=x onerror={HIT}>">',
    f'<svg></p><style><a id="</style><img src=1 onerror={HIT}>">',
]
